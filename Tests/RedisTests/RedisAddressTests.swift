import Testing

@testable import Redis

@Suite struct RedisAddresses {
  @Test(arguments: [
    "redis://host:6379/0", "redis://user@host:7000/3/jobs", "redis://[::1]:6379/0/a/b",
    "redis+unix:/run/redis.sock#0", "redis+unix:/run/redis.sock#2/key",
  ])
  func areReadAsTheyAreWritten(_ text: String) throws {
    #expect(try RedisAddress(text).text == text)
  }

  @Test func shortForms() throws {
    #expect(try RedisAddress("redis://host").text == "redis://host:6379/0")
    #expect(try RedisAddress("redis://host/").text == "redis://host:6379/0")
    #expect(try RedisAddress("redis+unix:///x").text == "redis+unix:/x#0")
    #expect(try RedisAddress("redis://host/0/").key == nil)
  }

  @Test(arguments: [
    "", "host", "redis:", "redis://", "redis:///0", "redis://h:0/0", "redis://h:x/0",
    "redis://h:70000/0", "redis://h/x", "redis://h/-1", "redis://u:p@h/0", "rediss://h/0",
    "redis://-oProxyCommand=x/0", "redis+unix:", "redis+unix:/x#y", "redis://h/0/a{b}",
    "redis://[::1]x",
  ])
  func othersAreRefused(_ text: String) {
    #expect(throws: RedisAddress.Problem.self) { _ = try RedisAddress(text) }
  }
}

@Suite struct RedisServerSettings {
  private func settings(_ pairs: KeyValuePairs<String, String>) -> RedisSettings {
    RedisSettings(
      pairs.map { .list([.bytes(Array($0.key.utf8)), .bytes(Array($0.value.utf8))]) })
  }

  @Test func demands() throws {
    let good = settings([
      "appendonly": "yes", "appendfsync": "always", "no-appendfsync-on-rewrite": "no",
      "maxmemory-policy": "noeviction",
    ])
    try good.check(.init())
    try good.check(.init(wantsAll: true))
    var each = good
    each.eviction = "allkeys-lru"
    #expect(throws: RedisTrouble.self) { try each.check(.init(allowsLoss: true)) }
    each = good
    each.keepsFile = false
    #expect(throws: RedisTrouble.self) { try each.check(.init()) }
    try each.check(.init(allowsLoss: true))
    each = good
    each.fsync = "everysec"
    try each.check(.init())
    #expect(throws: RedisTrouble.self) { try each.check(.init(wantsAll: true)) }
    each = good
    each.pausesFsync = true
    #expect(throws: RedisTrouble.self) { try each.check(.init(wantsAll: true)) }
  }

  @Test func whereConfigIsNotAllowed() throws {
    var unknown = RedisSettings([.error("NOPERM"), .error("NOPERM")])
    unknown.take(info: "# Persistence\r\naof_enabled:1\r\nmaxmemory_policy:noeviction\r\n")
    #expect(unknown.keepsFile == true)
    try unknown.check(.init())
    #expect(throws: RedisTrouble.self) { try unknown.check(.init(wantsAll: true)) }
    #expect(unknown.durability == "unknown: the server does not tell")
  }
}
