// swift-tools-version: 6.2
import PackageDescription

let testSettings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
  // With one thread and no stored inout access the run-time checks find nothing, and cost the
  // machine a fifth of its time and every forked child some page faults.
  .unsafeFlags(["-enforce-exclusivity=unchecked"]),
  // References are counted without atomic instructions: only test runners have threads. Functions
  // in sections of their own can be placed by scripts/link/symbol-order.
  .unsafeFlags(
    ["-assume-single-threaded", "-Xfrontend", "-function-sections"],
    .when(configuration: .release)),
]

// The program uses no regular expressions, whose parser would be a twentieth of it.
let swiftSettings =
  testSettings + [
    .unsafeFlags(["-Xfrontend", "-disable-implicit-string-processing-module-import"])
  ]

// What no loop of a script runs through is made small.
let smallSettings = swiftSettings + [.unsafeFlags(["-Osize"], .when(configuration: .release))]

let cSettings: [CSetting] = [
  .define("_GNU_SOURCE"),
  .treatAllWarnings(as: .error),
]

let package = Package(
  name: "brood",
  products: [
    .executable(name: "brood", targets: ["brood"])
  ],
  targets: [
    .target(name: "CPosix", cSettings: cSettings),
    .target(
      name: "CReadline", cSettings: cSettings, linkerSettings: [.linkedLibrary("readline")]),
    .target(name: "CHiredis", cSettings: cSettings, linkerSettings: [.linkedLibrary("hiredis")]),
    .target(
      name: "CTexts", path: "Sources/Texts",
      exclude: ["README.md", "topics", "lessons", "course", "help"], sources: ["texts.c"],
      cSettings: cSettings),
    .target(name: "Posix", dependencies: ["CPosix"], swiftSettings: swiftSettings),
    .target(name: "Processes", dependencies: ["CPosix", "Posix"], swiftSettings: swiftSettings),
    .target(
      name: "Channels", dependencies: ["CPosix", "Posix", "Processes", "Waits"],
      swiftSettings: swiftSettings),
    .target(
      name: "Redis", dependencies: ["CHiredis", "CPosix", "Channels", "Posix", "Processes"],
      swiftSettings: smallSettings),
    .target(name: "Explore", swiftSettings: smallSettings),
    .target(name: "Language", swiftSettings: swiftSettings),
    .target(name: "Machines", swiftSettings: smallSettings),
    .target(name: "Pools", swiftSettings: swiftSettings),
    .target(name: "Teaching", dependencies: ["CTexts", "Language"], swiftSettings: smallSettings),
    .target(name: "Timeline", swiftSettings: smallSettings),
    .target(name: "Waits", swiftSettings: swiftSettings),
    .target(
      name: "Seeing", dependencies: ["Channels", "Posix", "Processes", "Waits"],
      swiftSettings: smallSettings),
    .target(
      name: "Session",
      dependencies: [
        "CPosix", "Channels", "Explore", "Language", "Machines", "Pools", "Posix", "Processes",
        "Waits",
      ],
      swiftSettings: swiftSettings),
    .target(
      name: "ShellHost", dependencies: ["Channels", "Language", "Posix", "Processes", "Session"],
      swiftSettings: smallSettings),
    .target(
      name: "Commands",
      dependencies: [
        "CPosix", "Channels", "Explore", "Language", "Machines", "Posix", "Processes", "Redis",
        "Seeing", "Session", "ShellHost", "Teaching", "Timeline", "Waits",
      ],
      swiftSettings: swiftSettings),
    .target(
      name: "Shell",
      dependencies: [
        "CReadline", "Commands", "Language", "Posix", "Processes", "Session", "ShellHost",
      ],
      swiftSettings: smallSettings),
    .executableTarget(name: "brood", dependencies: ["Shell"], swiftSettings: swiftSettings),
    .target(name: "CTestSupport", path: "Tests/CSupport", cSettings: cSettings),
    .target(
      name: "TestSupport", dependencies: ["CTestSupport"], path: "Tests/Support",
      swiftSettings: testSettings),
    .executableTarget(
      name: "channels-bench", dependencies: ["Channels", "Posix", "Processes"], path: "Tests/Bench",
      swiftSettings: testSettings),
    .executableTarget(
      name: "channel-faults", dependencies: ["Channels", "Posix", "Processes"],
      path: "Tests/FaultPoints", swiftSettings: testSettings),
    .executableTarget(
      name: "language-fuzz", dependencies: ["Commands", "Language"], path: "Tests/Fuzz",
      exclude: ["Corpus"], swiftSettings: testSettings),
    .testTarget(
      name: "ChannelsTests", dependencies: ["Channels", "Posix", "Waits"],
      swiftSettings: testSettings),
    .testTarget(
      name: "ProcessesTests", dependencies: ["Posix", "Processes"], swiftSettings: testSettings),
    .testTarget(
      name: "SessionTests", dependencies: ["Language", "Session", "Waits"],
      swiftSettings: testSettings),
    .testTarget(
      name: "ShellTests", dependencies: ["Commands", "Shell"], swiftSettings: testSettings),
    .testTarget(name: "PosixTests", dependencies: ["Posix"], swiftSettings: testSettings),
    .testTarget(name: "MachinesTests", dependencies: ["Machines"], swiftSettings: testSettings),
    .testTarget(
      name: "RedisTests", dependencies: ["Channels", "Posix", "Redis", "TestSupport"],
      swiftSettings: testSettings),
    .testTarget(name: "PoolsTests", dependencies: ["Pools"], swiftSettings: testSettings),
    .testTarget(
      name: "TeachingTests", dependencies: ["Language", "Teaching"], swiftSettings: testSettings),
    .testTarget(
      name: "TimelineTests", dependencies: ["Language", "Timeline"], swiftSettings: testSettings),
    .testTarget(name: "ExploreTests", dependencies: ["Explore"], swiftSettings: testSettings),
    .testTarget(name: "WaitsTests", dependencies: ["Waits"], swiftSettings: testSettings),
    .testTarget(name: "LanguageTests", dependencies: ["Language"], swiftSettings: testSettings),
    .testTarget(
      name: "TranscriptTests", dependencies: ["Channels", "TestSupport", "Waits"],
      swiftSettings: testSettings),
    .testTarget(name: "TerminalTests", dependencies: ["TestSupport"], swiftSettings: testSettings),
  ],
  cLanguageStandard: .gnu17
)
