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

  static let eventWaitUntil = """
    static int event_wait_until(monitor *m, const struct timespec *until) {
        pthread_mutex_lock(&m->mutex);
        int late = 0;
        while (!m->is_set && !late) late = pthread_cond_timedwait(&m->changed, &m->mutex, until);
        int is_set = m->is_set;
        pthread_mutex_unlock(&m->mutex);
        return is_set;
    }
    """

  /// Waits with a limit want the time of day at which it is over.
  static let inSeconds = """
    static struct timespec in_seconds(double seconds) {
        struct timespec t;
        clock_gettime(CLOCK_REALTIME, &t);
        long nanoseconds = t.tv_nsec + (long)((seconds - (long)seconds) * 1e9);
        t.tv_sec += (long)seconds + nanoseconds / 1000000000;
        t.tv_nsec = nanoseconds % 1000000000;
        return t;
    }
    """

  static let fail = """
    static void fail(const char *why) {
        fprintf(stderr, "%s\\n", why);
        exit(1);
    }
    """

  static let readable = """
    static int readable(int descriptor, int milliseconds) {
        struct pollfd p = {.fd = descriptor, .events = POLLIN};
        return poll(&p, 1, milliseconds) > 0;
    }
    """

  /// A pidfd can be read when its process has ended.
  static let ends = """
    static int ends(pid_t pid, int milliseconds) {
        int descriptor = (int)syscall(SYS_pidfd_open, pid, 0);
        int has_ended = readable(descriptor, milliseconds);
        close(descriptor);
        return has_ended;
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
