// The black box: what a session that ended badly leaves, as files box-1 … box-8 of a directory.
//
// A file is a header, the session's table as far as it was used, and its recording likewise.
#ifndef BROOD_BOX_H
#define BROOD_BOX_H

#include <stdint.h>

static const uint64_t BROOD_BOX_MAGIC = 0x3178626F6F726562;  // "beroobx1", as bytes

struct brood_box_header {
  uint64_t magic;
  uint32_t layout;
  int32_t cause;       // the signal that ended the session; 0: it was killed, or is gone
  int32_t session, padding;
  int64_t time;        // ns since 1970
  int64_t monotonic;   // ns
  uint64_t table_size, events_size;
};

/// Says where boxes are to stand, an absolute path; "" for nowhere.
void brood_box_prepare(const char *path);

/// Writes one, in the place of the oldest of eight. Returns 0 or a negated errno.
int32_t brood_box_write(int32_t cause);

/// Writes one that has nothing but a recording, as `brood_events_are` knows it, whose session ended at
/// a time.
int32_t brood_box_keep(const void *recording, int64_t time, int64_t monotonic);

#endif
