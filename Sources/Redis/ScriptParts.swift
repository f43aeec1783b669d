/// What several scripts begin with.
enum ScriptParts {
  /// Numbered requests: `seen` yields what was noted of a request that comes again, false for one
  /// that a later one has overtaken, nil for a new one; `note` notes one.
  ///
  /// What is older than a day goes.
  static func requests(_ key: Int) -> String {
    """
    local L=KEYS[\(key)]
    local function seen(f,n)
      local l=redis.call('HGET',L,f)
      if not l then return nil end
      local a,r=string.match(l,'^(%d+) %d+ ?(.*)$')
      a=tonumber(a) n=tonumber(n)
      if a==n then return r end
      if a>n then return false end
      return nil
    end
    local function note(f,n,rest)
      local now=tonumber(redis.call('TIME')[1])
      if redis.call('HSET',L,f,n..' '..now..' '..rest)==0 then return end
      local some=redis.pcall('HRANDFIELD',L,2)
      if some.err then return end
      for _,g in ipairs(some) do
        local t=tonumber(string.match(redis.call('HGET',L,g) or '','^%d+ (%d+)') or now)
        if now-t>86400 then redis.call('HDEL',L,g) end
      end
    end

    """
  }

  /// The bell: `ring` wakes who waits, `bell` is the last time that it rang.
  static func bell(_ key: Int) -> String {
    """
    local B=KEYS[\(key)]
    local function ring() redis.call('XADD',B,'MAXLEN',1,'*','r','1') end
    local function bell()
      local l=redis.call('XREVRANGE',B,'+','-','COUNT',1)
      return l[1] and l[1][1] or '0-0'
    end

    """
  }

  /// Counters of holders: `alive` begins one, at a number that none had before, or raises it.
  static func beats(_ key: Int) -> String {
    """
    local A=KEYS[\(key)]
    local function alive(c)
      local t=redis.call('TIME')
      if redis.call('HSETNX',A,c,t[1]..string.format('%06d',tonumber(t[2])))==0 then
        redis.call('HINCRBY',A,c,1)
      end
    end

    """
  }
}
