/// Functions that programs in C have of their own, where the language has none.
enum CParts {
  /// What processes wait at: events and conditions.
  static let monitor = """
    typedef struct {
        pthread_mutex_t mutex;
        pthread_cond_t changed;
        int is_set;
    } monitor;
    static monitor *new_monitor(void) {
        monitor *m = mmap(NULL, sizeof *m, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        pthread_mutexattr_t mutex;
        pthread_mutexattr_init(&mutex);
        pthread_mutexattr_setpshared(&mutex, PTHREAD_PROCESS_SHARED);
        pthread_mutex_init(&m->mutex, &mutex);
        pthread_condattr_t changed;
        pthread_condattr_init(&changed);
        pthread_condattr_setpshared(&changed, PTHREAD_PROCESS_SHARED);
        pthread_cond_init(&m->changed, &changed);
        return m;
    }
    """

  static let eventSet = """
    static void event_set(monitor *m, int is_set) {
        pthread_mutex_lock(&m->mutex);
        m->is_set = is_set;
        pthread_cond_broadcast(&m->changed);
        pthread_mutex_unlock(&m->mutex);
    }
    """

  static let eventWait = """
    static void event_wait(monitor *m) {
        pthread_mutex_lock(&m->mutex);
        while (!m->is_set) pthread_cond_wait(&m->changed, &m->mutex);
        pthread_mutex_unlock(&m->mutex);
    }
    """

  static let printList = """
    static void print_list(const long *items, size_t count) {
        printf("[");
        for (size_t i = 0; i < count; i++) printf(i ? ", %ld" : "%ld", items[i]);
        printf("]");
    }
    """
}
