import Glibc

/// State of the module that values share: one for all in the program, which has one thread, and
/// one for each thread in test runners, which have several.
struct PerThread<State: AnyObject> {
  #if DEBUG
  private let key: pthread_key_t
  private let make: () -> State

  init(_ make: @escaping () -> State) {
    var key = pthread_key_t()
    pthread_key_create(&key, nil)
    self.key = key
    self.make = make
  }

  var state: State {
    if let known = pthread_getspecific(key) {
      return Unmanaged<State>.fromOpaque(known).takeUnretainedValue()
    }
    let made = make()
    pthread_setspecific(key, Unmanaged.passRetained(made).toOpaque())
    return made
  }
  #else
  let state: State

  init(_ make: () -> State) { state = make() }
  #endif
}
