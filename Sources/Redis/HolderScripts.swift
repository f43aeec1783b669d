/// The scripts of locks and semaphores, events, and values.
enum HolderScripts {
  static let keys = ["meta", "lent", "beats", "bell", "last", "value"]

  private static let begin = """
    local M,H=KEYS[1],KEYS[2]
    local m=redis.call('HMGET',M,'kind','permits','died')
    if not m[1] then return {'gone'} end

    """

  /// Raises a holder's counter; 0 if it holds nothing.
  static let beat = RedisScript(
    "beat",
    "redis.call('HDEL',KEYS[1],'') if redis.call('HEXISTS',KEYS[1],ARGV[1])==0 then return 0 end "
      + "return redis.call('HINCRBY',KEYS[1],ARGV[1],1)")

  /// Makes something, unless it is there.
  ///
  /// Arguments: how many words follow of names and settings, these, indexes and values. Yields the
  /// settings that are there.
  static let make = RedisScript(
    "make",
    """
    if redis.call('EXISTS',KEYS[1])==0 then
      local n=tonumber(ARGV[1])
      for i=2,n+1,2 do redis.call('HSET',KEYS[1],ARGV[i],ARGV[i+1]) end
      for i=n+2,#ARGV,2 do redis.call('HSET',KEYS[2],ARGV[i],ARGV[i+1]) end
    end
    return redis.call('HGETALL',KEYS[1])
    """)

  /// Takes a permit.
  ///
  /// Arguments: who asks, number, holder. Yields `held`, the fencing number and who died with one;
  /// `own` if it has all; `busy` and the bell's last item; `stale`, `gone`.
  static let acquire = RedisScript(
    "acquire",
    begin + ScriptParts.beats(3) + ScriptParts.bell(4) + ScriptParts.requests(5) + """
      redis.call('HDEL',H,'')
      local f='l:'..ARGV[1]
      local c=ARGV[3]
      local s=seen(f,ARGV[2])
      if s==false or s=='x' then return {'stale'} end
      local mine=tonumber(redis.call('HGET',H,c) or '0')
      if s and mine>0 then return {'held',s,''} end
      local taken=0
      for _,v in ipairs(redis.call('HVALS',H)) do taken=taken+tonumber(v) end
      if taken>=tonumber(m[2]) then
        if mine>=tonumber(m[2]) then return {'own'} end
        return {'busy',bell()}
      end
      redis.call('HINCRBY',H,c,1)
      alive(c)
      local fence=redis.call('HINCRBY',M,'fence',1)
      note(f,ARGV[2],fence)
      if m[3] then redis.call('HDEL',M,'died') end
      return {'held',tostring(fence),m[3] or ''}
      """)

  /// Gives a permit back.
  ///
  /// Arguments: who asks, number, holder. Yields `done` and how many it has left, `missing`.
  static let release = RedisScript(
    "release",
    begin + ScriptParts.bell(4) + ScriptParts.requests(5) + """
      redis.call('HDEL',H,'')
      local f='r:'..ARGV[1]
      local c=ARGV[3]
      local s=seen(f,ARGV[2])
      if s==false then return {'stale'} end
      if s then return {'done',tonumber(s)} end
      local mine=tonumber(redis.call('HGET',H,c) or '0')
      if mine==0 then return {'missing'} end
      if mine>1 then redis.call('HINCRBY',H,c,-1) else
        redis.call('HDEL',H,c)
        redis.call('HDEL',KEYS[3],c)
      end
      note(f,ARGV[2],mine-1)
      ring()
      return {'done',mine-1}
      """)

  /// Takes a request back that was given up.
  ///
  /// Arguments: who asked, its number, holder.
  static let undo = RedisScript(
    "undo acquire",
    begin + ScriptParts.bell(4) + ScriptParts.requests(5) + """
      redis.call('HDEL',H,'')
      local f='l:'..ARGV[1]
      local c=ARGV[3]
      local s=seen(f,ARGV[2])
      if s==false or s=='x' then return {'done'} end
      if s then
        local mine=tonumber(redis.call('HGET',H,c) or '0')
        if mine>1 then redis.call('HINCRBY',H,c,-1) elseif mine==1 then
          redis.call('HDEL',H,c)
          redis.call('HDEL',KEYS[3],c)
        end
        ring()
      end
      note(f,ARGV[2],'x')
      return {'done'}
      """)

  /// Yields holders and their counters; a write, so that it is refused when theirs are.
  static let look = RedisScript(
    "look",
    begin + """
      redis.call('HDEL',KEYS[3],'')
      local out={}
      for _,c in ipairs(redis.call('HKEYS',H)) do
        out[#out+1]=c
        out[#out+1]=redis.call('HGET',KEYS[3],c) or '0'
      end
      return out
      """)

  /// Frees what one holds that has gone.
  ///
  /// Arguments: holder, the counter that was seen.
  static let reap = RedisScript(
    "reap",
    begin + ScriptParts.bell(4) + """
      local c=ARGV[1]
      if redis.call('HEXISTS',H,c)==0 then return {'done',0} end
      if (redis.call('HGET',KEYS[3],c) or '0')~=ARGV[2] then return {'done',0} end
      redis.call('HDEL',KEYS[3],c)
      redis.call('HDEL',H,c)
      redis.call('HSET',M,'died',c)
      ring()
      return {'done',1}
      """)

  /// Yields `facts`, all of meta, all holders.
  static let facts = RedisScript(
    "facts", begin + "return {'facts',redis.call('HGETALL',M),redis.call('HGETALL',H)}")

  /// Sets or clears an event.
  ///
  /// Arguments: who asks, number, `1` or `0`.
  static let set = RedisScript(
    "set event",
    begin + ScriptParts.bell(4) + ScriptParts.requests(5) + """
      local f='s:'..ARGV[1]
      if seen(f,ARGV[2])~=nil then return {'done'} end
      redis.call('HSET',M,'set',ARGV[3])
      if ARGV[3]=='1' then redis.call('HINCRBY',M,'sets',1) end
      note(f,ARGV[2],'')
      ring()
      return {'done'}
      """)

  /// Yields `state`, whether an event is set, how often it was, the bell's last item.
  static let state = RedisScript(
    "event",
    begin + ScriptParts.bell(4) + """
      local v=redis.call('HMGET',M,'set','sets')
      return {'state',v[1] or '0',v[2] or '0',bell()}
      """)

  /// Reads values.
  ///
  /// Arguments: indexes. Yields `value` and the values, in the order asked.
  static let read = RedisScript(
    "read",
    begin + """
      local out={}
      for i,k in ipairs(ARGV) do out[i]=redis.call('HGET',KEYS[6],k) or '0' end
      return {'value',out}
      """)

  /// Changes values.
  ///
  /// Arguments: who asks, number, the holder that must have the lock or an empty text, what to do,
  /// and for `set` indexes and values, for `add` an index, an amount, bounds, for `addf` an index
  /// and an amount, for `cas` and `casf` an index, the old and the new value. Yields `value` and
  /// what is there now, `range` and what is there, `lost`.
  static let change = RedisScript(
    "change",
    begin + ScriptParts.requests(5) + """
      local V,what=KEYS[6],ARGV[4]
      local f='v:'..ARGV[1]
      local s=seen(f,ARGV[2])
      if s==false then return {'stale'} end
      if s then return {'value',s} end
      if ARGV[3]~='' and not redis.call('HGET',H,ARGV[3]) then return {'lost'} end
      local i=ARGV[5]
      local result='1'
      if what=='set' then
        for k=5,#ARGV,2 do redis.call('HSET',V,ARGV[k],ARGV[k+1]) end
      elseif what=='add' then
        local old=redis.call('HGET',V,i) or '0'
        local r=redis.pcall('HINCRBY',V,i,ARGV[6])
        if type(r)=='table' then
          if string.find(r.err,'overflow') then return {'range',old} end
          return r
        end
        result=redis.call('HGET',V,i)
        local x=tonumber(result)
        if (ARGV[7]~='' and x<tonumber(ARGV[7])) or (ARGV[8]~='' and x>tonumber(ARGV[8])) then
          redis.call('HSET',V,i,old)
          return {'range',old}
        end
      elseif what=='addf' then
        result=string.format('%.17g',tonumber(redis.call('HGET',V,i) or '0')+tonumber(ARGV[6]))
        redis.call('HSET',V,i,result)
      else
        local old=redis.call('HGET',V,i) or '0'
        local same=old==ARGV[6]
        if what=='casf' then same=tonumber(old)==tonumber(ARGV[6]) end
        if same then redis.call('HSET',V,i,ARGV[7]) else result='0' end
      end
      note(f,ARGV[2],result)
      return {'value',result}
      """)

  /// Removes all keys.
  static let remove = RedisScript("remove", "return redis.call('DEL',unpack(KEYS))")
}
