// Plain functions over the reader and the writer of hiredis.
#include "brood_hiredis.h"

int32_t brood_redis_feed(redisReader *reader, const void *bytes, size_t count) {
  return redisReaderFeed(reader, bytes, count) == REDIS_OK;
}

int32_t brood_redis_next(redisReader *reader, redisReply **reply) {
  void *found = NULL;
  if (redisReaderGetReply(reader, &found) != REDIS_OK) return -1;
  *reply = found;
  return found ? 1 : 0;
}

int64_t brood_redis_command(
  char **bytes, int32_t count, const char *const *words, const size_t *lengths) {
  // The prototype of the library lacks a const that it keeps.
  return redisFormatCommandArgv(bytes, count, (const char **)words, lengths);
}
