import Language
import Session

/// `--results`: a directory, paths below it that inputs name, or a file of all records.
enum ResultsFlag {
  static let details = """
    A DIR with places, as 'out/{1}/{2}', is the directory of each program itself. A name that ends in \
    .csv, .json or .jsonl is one file with a record of each, with what it wrote, in the order of the \
    inputs.
    """

  /// - Parameter columns: the names of an input's parts.
  static func files(
    _ path: String, _ call: borrowing Call, columns: [String]
  ) throws -> ResultFiles {
    let goesOn = call.flag("journal") != nil
    if path.hasSuffix(".tsv") {
      throw call.error(
        .range, "--results writes no .tsv", flag: "results",
        help: "one file of all is FILE.csv, .json or .jsonl; --joblog FILE has tabs")
    }
    return try call.at(flag: "results") {
      guard let (directory, rest) = split(path, columns) else {
        return try ResultFiles(path, goesOn: goesOn, form: RecordText.json, tables: tables)
      }
      let template = ProgramTemplate([rest], columns: columns)
      try InputCalls.checkNames(template, columns, call, flag: "results")
      return try ResultFiles(directory, goesOn: goesOn, form: RecordText.json) {
        input, index, slot in
        let words = (try? template.words(for: input, index: index, slot: slot)) ?? []
        return Array(words.joined(separator: [0x20]))
      }
    }
  }

  private static var tables: [ResultTable.Form] {
    [
      ResultTable.Form(
        suffix: ".csv", head: String(decoding: RecordText.csvHead, as: UTF8.self), separator: "",
        tail: ""
      ) { RecordText.csv($0) },
      ResultTable.Form(suffix: ".jsonl", head: "", separator: "", tail: "", row: RecordText.json),
      ResultTable.Form(suffix: ".json", head: "[\n", separator: ",\n", tail: "\n]\n") {
        Array(try RecordText.json($0).dropLast())
      },
    ]
  }

  /// The directory that is the same for all, and the rest that has a place; nil if there is none.
  private static func split(
    _ path: String, _ columns: [String]
  ) -> (directory: String, rest: String)? {
    let template = ProgramTemplate([path], columns: columns)
    // Without a place the input would be a second word.
    let words = (try? template.words(for: TaskInput("x"), index: 0, slot: 0)) ?? []
    let hasPlace =
      template.hasNumber || words.count == 1 || template.neededParts > 0
      || template.unknownName != nil
    guard hasPlace, let brace = path.firstIndex(of: "{") else { return nil }
    guard let slash = path[..<brace].lastIndex(of: "/") else { return (".", path) }
    return (String(path[...slash].dropLast()), String(path[path.index(after: slash)...]))
  }
}
