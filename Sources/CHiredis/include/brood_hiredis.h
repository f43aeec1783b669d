// What Brood uses of hiredis: the reader of replies, and the writer of commands. Sockets are its own.
#ifndef BROOD_HIREDIS_H
#define BROOD_HIREDIS_H

#include <hiredis/hiredis.h>
#include <stddef.h>
#include <stdint.h>

/// Hands what has come to the reader; false if it cannot be replies, and then never will be.
int32_t brood_redis_feed(redisReader *reader, const void *bytes, size_t count);

/// The next reply that is complete: 1 and the reply, 0 for none yet, -1 if what came is no reply.
///
/// The reply is freed by freeReplyObject.
int32_t brood_redis_next(redisReader *reader, redisReply **reply);

/// A command of so many words as bytes, to be freed by redisFreeCommand; its length, or -1.
int64_t brood_redis_command(
  char **bytes, int32_t count, const char *const *words, const size_t *lengths);

#endif
