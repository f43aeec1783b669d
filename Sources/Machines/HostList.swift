/// Where a host's agent is started, and how many workers it is to have.
public struct HostPlace: Equatable, Sendable {
  /// Nil for one per usable CPU there.
  public var workers: Int?
  public var user: String?
  public var host: String
  public var port: Int?

  public init(_ host: String, workers: Int? = nil, user: String? = nil, port: Int? = nil) {
    self.host = host
    self.workers = workers
    self.user = user
    self.port = port
  }

  /// As messages name it.
  public var name: String {
    (user.map { "\($0)@" } ?? "") + (port == nil ? host : "\(bracketed):\(port ?? 0)")
  }

  private var bracketed: String { host.contains(":") ? "[\(host)]" : host }
}

/// `ssh:4/node1,node2,2/alice@node3:2222`, read.
public struct HostList: Equatable, Sendable {
  public var places: [HostPlace]

  public struct Wrong: Error, Equatable {
    public let reason: String
  }

  /// - Parameter text: what stands behind `ssh:`.
  public init(_ text: String) throws(Wrong) {
    places = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      places.append(try HostList.place(String(part)))
    }
    var seen: Set<String> = []
    for place in places where !seen.insert(place.name).inserted {
      throw Wrong(reason: "the host \(place.name) stands there twice")
    }
  }

  private static func place(_ text: String) throws(Wrong) -> HostPlace {
    var rest = text[...]
    var place = HostPlace("")
    if let slash = rest.firstIndex(of: "/") {
      let count = rest[..<slash]
      guard let workers = Int(count), (1...30_000).contains(workers) else {
        throw Wrong(reason: "'\(count)' in '\(text)' must be a number of workers")
      }
      place.workers = workers
      rest = rest[rest.index(after: slash)...]
    }
    if let at = rest.lastIndex(of: "@") {
      place.user = String(rest[..<at])
      rest = rest[rest.index(after: at)...]
    }
    if rest.first == "[", let end = rest.firstIndex(of: "]") {
      place.host = String(rest[rest.index(after: rest.startIndex)..<end])
      rest = rest[rest.index(after: end)...]
      if rest.first == ":" {
        place.port = try port(rest.dropFirst(), text)
      } else if !rest.isEmpty {
        throw Wrong(reason: "'\(rest)' in '\(text)' must be :PORT")
      }
    } else if let colon = rest.firstIndex(of: ":"), rest.lastIndex(of: ":") == colon {
      place.host = String(rest[..<colon])
      place.port = try port(rest[rest.index(after: colon)...], text)
    } else {
      place.host = String(rest)
    }
    for name in [place.host, place.user ?? "x"] {
      if name.isEmpty { throw Wrong(reason: "'\(text)' names no host") }
      if name.hasPrefix("-") {
        throw Wrong(reason: "'\(name)' cannot be a name of a host or user: it begins with -")
      }
      if name.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) {
        throw Wrong(reason: "'\(text)' has a blank in a name")
      }
    }
    return place
  }

  private static func port(_ text: Substring, _ whole: String) throws(Wrong) -> Int {
    guard let port = Int(text), (1...65_535).contains(port) else {
      throw Wrong(reason: "'\(text)' in '\(whole)' must be a port")
    }
    return port
  }
}
