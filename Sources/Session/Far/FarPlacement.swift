import Machines
import Posix
import Processes

/// Where the workers of a pool, or the programs of a run, are on other machines.
public struct FarPlacement {
  public struct Place {
    /// As messages and reports name it.
    public var name: String
    /// How many at a time; nil for one per usable CPU there.
    public var workers: Int?
    /// What starts an agent and is connected to it.
    public var words: [String]
    /// What a person types to log in there; empty where nobody does.
    public var login = ""
    /// Whether they are a command of the user, of which nothing tells whether there is a program.
    public var isCommand = false

    public init(_ name: String, workers: Int?, words: [String]) {
      self.name = name
      self.workers = workers
      self.words = words
    }
  }

  public var places: [Place]
  /// Of what starts agents.
  public var environment: [String] = []
  /// The file of what starts them.
  public var find: (String) throws -> String = { $0 }
  public var settings = FarSettings()
  /// How long hosts are tried when none is left (ns).
  public var waitHosts: Int64 = 300 * FarTimes.second
  /// What is put where no program is, if that was asked for.
  public var installs: FarInstall?
  /// What was allocated for it, kept as long as it is used.
  public var grant: FarGrant?
  /// What is there before any task begins.
  public var files: [SentFile] = []
  /// Whether the directory there is this process's, also when that changes.
  public var followsDirectory = true
  /// Whether they are nodes of an allocation that was there before: how it was made cannot be asked.
  public var isForeignAllocation = false
  /// How often an attempt that went with its host is made again.
  public var losses: Int?

  public init(_ places: [Place]) { self.places = places }
}

/// What agents are told at first.
public struct FarSettings {
  public var directory = ""
  /// NAME=VALUE.
  public var environment: [String] = []

  public init() {}
}

/// A program file that is sent where none is.
public struct FarInstall {
  public let path: String

  public init(path: String) { self.path = path }
}
