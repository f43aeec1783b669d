import Teaching

/// Words of topics and lessons, with their titles, for completion.
public enum TextCompletion {
  public static var topics: [(word: String, note: String)] {
    TextLibrary.topicNames.map { name in
      (
        name.misconception ?? name,
        (try? TextLibrary.topic(name, .english))?.title ?? ""
      )
    }
  }

  public static var lessons: [(word: String, note: String)] {
    TextLibrary.lessons.map { entry in
      (entry.name, (try? TextLibrary.lesson(entry, .english))?.title ?? "")
    }
  }
}
