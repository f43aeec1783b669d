import Language

/// Reads JSON with the places of its values.
struct PlacedJSON {
  private let source: Source
  private var place = 0

  /// - Throws: `syntax` if the text is no JSON; the error has its place.
  static func read(_ source: Source) throws -> WrittenValue {
    // As a whole first, so that what follows can rely on its form.
    _ = try parse(0..<source.bytes.count, source)
    var reader = PlacedJSON(source: source)
    return try reader.value()
  }

  private init(source: Source) { self.source = source }

  private static func parse(_ range: Range<Int>, _ source: Source) throws -> Value {
    guard String(validating: source.bytes[range], as: UTF8.self) != nil else {
      throw ErrorObject(.syntax, "'\(source.name)' is not UTF-8")
    }
    return try Array(source.bytes[range]).withUnsafeBufferPointer { bytes in
      var parser = JSONParser(bytes)
      do throws(JSONParser.Failure) {
        return try parser.parse()
      } catch {
        if let stop = error.stop { throw stop }
        let start = range.lowerBound + error.offset
        throw ErrorObject(
          error.kind, "this is no JSON: \(error.message)",
          location: Location(source, Span(start, start + 1)))
      }
    }
  }

  private var byte: UInt8 { place < source.bytes.count ? source.bytes[place] : 0 }

  /// Goes on to what is no blank, comma or colon.
  private mutating func skip() {
    while [0x20, 0x0A, 0x0D, 0x09, UInt8(ascii: ","), UInt8(ascii: ":")].contains(byte) {
      place += 1
    }
  }

  private mutating func value() throws -> WrittenValue {
    skip()
    let start = place
    switch byte {
    case UInt8(ascii: "["):
      place += 1
      var items: [WrittenValue] = []
      skip()
      while byte != UInt8(ascii: "]"), byte != 0 {
        items.append(try value())
        skip()
      }
      place += 1
      return WrittenValue(.list(items), Span(start, place))
    case UInt8(ascii: "{"):
      place += 1
      var entries: [WrittenValue.Entry] = []
      skip()
      while byte != UInt8(ascii: "}"), byte != 0 {
        let key = try scalar()
        entries.append(
          WrittenValue.Entry(key: key.value.asText, place: key.place, value: try value()))
        skip()
      }
      place += 1
      return WrittenValue(.map(entries), Span(start, place))
    default: return try scalar()
    }
  }

  /// A text, a number or a word.
  private mutating func scalar() throws -> WrittenValue {
    let start = place
    if byte == UInt8(ascii: "\"") {
      place += 1
      while byte != UInt8(ascii: "\""), byte != 0 { place += byte == UInt8(ascii: "\\") ? 2 : 1 }
      place += 1
    } else {
      let ends = Array(",]} \n\r\t".utf8)
      repeat { place += 1 } while place < source.bytes.count && !ends.contains(byte)
    }
    place = min(place, source.bytes.count)
    return WrittenValue(
      .scalar(try PlacedJSON.parse(start..<place, source)), Span(start, place))
  }
}
