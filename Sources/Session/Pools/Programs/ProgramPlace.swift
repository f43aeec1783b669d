/// A place for an input in a word of a program, and what of the input stands in it.
struct ProgramPlace: Equatable {
  /// Of which input or part.
  enum Scope: Equatable {
    /// `{}`: each input of a call.
    case each
    /// `{+}`: all inputs of a call together.
    case all
    /// `{1}`, `{-1}`: a part, from 0 on, or from the end where it is negative; also by its name.
    case part(Int)
    /// `{#}`: the number of the call.
    case number
    /// `{%}`: which of the programs that run at once it is.
    case slot
  }

  /// What of it.
  enum Form: String, CaseIterable {
    case whole = ""
    case withoutExtension = "."
    case base = "/"
    case directory = "//"
    case baseWithoutExtension = "/."
  }

  let form: Form
  let scope: Scope
  /// As it stands between the braces.
  let text: String

  init(_ form: Form, of scope: Scope, text: String = "") {
    self.form = form
    self.scope = scope
    self.text = text
  }

  /// What stands between braces; nil if that is no place: nothing, `.`, `2`, `-1/.`, `+`, `name`.
  ///
  /// - Parameter columns: the names of an input's parts.
  init?(_ text: Substring, _ columns: [String]) {
    if text == "#" || text == "%" {
      self.init(.whole, of: text == "#" ? .number : .slot, text: String(text))
      return
    }
    let numeral = text.prefix { ("0"..."9").contains($0) || $0 == "-" }
    if numeral.isEmpty {
      let isAll = text.first == "+"
      if let form = Form(rawValue: String(isAll ? text.dropFirst() : text)) {
        self.init(form, of: isAll ? .all : .each, text: String(text))
        return
      }
    } else if let form = Form(rawValue: String(text.dropFirst(numeral.count))),
      let number = Int(numeral), number != 0, (-1000...1000).contains(number)
    {
      self.init(form, of: .part(number > 0 ? number - 1 : number), text: String(text))
      return
    }
    if text.isEmpty { return nil }
    // A name may end as a form does, so the whole of it comes first.
    for form in Form.allCases where text.hasSuffix(form.rawValue) {
      let name = text.dropLast(form.rawValue.count)
      guard !name.isEmpty, let place = columns.firstIndex(of: String(name)) else { continue }
      self.init(form, of: .part(place), text: String(text))
      return
    }
    return nil
  }

  /// Whether it would be a name, if there were a column of it.
  static func looksLikeName(_ text: Substring) -> Bool {
    guard let first = text.unicodeScalars.first else { return false }
    return (first.properties.isAlphabetic || first == "_")
      && text.unicodeScalars.allSatisfy {
        $0.properties.isAlphabetic || ("0"..."9").contains($0) || "_-./".unicodeScalars.contains($0)
      }
  }

  var isNumber: Bool { scope == .number || scope == .slot }

  /// How many parts an input must have for it.
  var neededParts: Int {
    guard case .part(let part) = scope else { return 0 }
    return part < 0 ? -part : part + 1
  }

  /// What of a part stands here.
  func text(of part: [UInt8]) -> [UInt8] {
    switch form {
    case .whole: part
    case .withoutExtension: ProgramPlace.withoutExtension(part)
    case .base: ProgramPlace.base(part)
    case .directory: ProgramPlace.directory(part)
    case .baseWithoutExtension: ProgramPlace.withoutExtension(ProgramPlace.base(part))
    }
  }

  private static let slash = UInt8(ascii: "/")
  private static let dot = UInt8(ascii: ".")

  private static func base(_ path: [UInt8]) -> [UInt8] {
    path.split(separator: slash).last.map(Array.init) ?? path
  }

  private static func directory(_ path: [UInt8]) -> [UInt8] {
    guard let last = path.lastIndex(of: slash) else { return [dot] }
    return last == 0 ? [slash] : Array(path[..<last])
  }

  /// A leading dot, as of `.profile`, begins no extension.
  private static func withoutExtension(_ path: [UInt8]) -> [UInt8] {
    guard let place = path.lastIndex(of: dot), place > 0, path[place - 1] != slash,
      !path[place...].contains(slash)
    else { return path }
    return Array(path[..<place])
  }
}
