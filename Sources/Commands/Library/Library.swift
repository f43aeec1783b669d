import Language

/// The small library: what ordinary scripts need beside processes and channels.
public enum Library {
  /// Its families in the order in which `help` lists them.
  public static let families: [CommandFamily] = [
    PrintCommands.family, ListCommands.family, LoopCommands.family, OrderCommands.family,
    MapCommands.family, TextCommands.family, ShapeCommands.family, NumberCommands.family,
    ConversionCommands.family, JSONCommands.family, CSVCommands.family, FileCommands.family,
    DirectoryCommands.family, TimeCommands.family, FunctionCommands.family,
  ]
}
