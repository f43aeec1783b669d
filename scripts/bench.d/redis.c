// The same scripts that redis.brood runs, by hiredis and nothing else: seconds for put, get and ack.
// Arguments: how many, the server's socket, the hashes of the three scripts.
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

static redisContext *server;

static redisReply *run(const char *hash, int count, const char **arguments) {
  static const char *keys[] = {
    "brood:{bench}:meta", "brood:{bench}:items", "brood:{bench}:lent", "brood:{bench}:bell",
    "brood:{bench}:last", "brood:{bench}:beats", "brood:{bench}:dead"};
  const char *words[16] = {"EVALSHA", hash, "7"};
  memcpy(words + 3, keys, sizeof keys);
  memcpy(words + 10, arguments, (size_t)count * sizeof *arguments);
  redisReply *reply = redisCommandArgv(server, 10 + count, words, NULL);
  if (!reply || reply->type != REDIS_REPLY_ARRAY) {
    fprintf(stderr, "no answer: %s\n", reply ? reply->str : server->errstr);
    exit(1);
  }
  return reply;
}

int main(int count, char **arguments) {
  if (count < 6) return 2;
  int turns = atoi(arguments[1]);
  server = redisConnectUnix(arguments[2]);
  if (!server || server->err) return 1;
  char name[32], number[16];
  snprintf(name, sizeof name, "c/%d", getpid());
  double start = seconds();
  for (int i = 1; i <= turns; i++) {
    snprintf(number, sizeof number, "%d", i);
    freeReplyObject(run(arguments[3], 3, (const char *[]){name, number, "\1"}));
    redisReply *taken = run(arguments[4], 4, (const char *[]){name, number, name, "1"});
    const char *id = taken->element[1]->element[0]->element[0]->str;
    freeReplyObject(run(arguments[5], 4, (const char *[]){name, number, name, id}));
    freeReplyObject(taken);
  }
  printf("%.9f\n", (seconds() - start) / turns);
}
