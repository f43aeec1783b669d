import Explore
import Testing

@Suite struct ScheduleTests {
  @Test func textsAreReadBack() throws {
    for text in ["-", "0", "1x3,2x4,1", "2.1x3,1", "k1,t2,s1x2,0x2,2.10.3"] {
      #expect(Schedule(text)?.description == text)
    }
    #expect(Schedule("1, 1,1")?.description == "1x3")
    #expect(Schedule("1x3,2x4,1")?.switches == 2)
    for text in ["1x", "x3", "1x0", "01", "1..2", "a", "1,,2", "-1", "k", "1x9999999999"] {
      #expect(Schedule(text) == nil, "\(text)")
    }
  }

  @Test func theUsualNextStep() {
    let (one, two) = (Explore.Step(ProcessPath([1])), Explore.Step(ProcessPath([2])))
    #expect(Schedule.usual([one, two], after: two) == two)
    #expect(Schedule.usual([one, two], after: nil) == one)
    #expect(Schedule.usual([Explore.Step(ProcessPath([1]), .kill)], after: one) == nil)
  }
}
