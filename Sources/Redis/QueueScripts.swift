/// The scripts of queues.
///
/// Each begins with a write that a server allows also when its memory is full, where what follows must
/// not be refused for that: putting may be, taking and giving back may not.
enum QueueScripts {
  static let keys = ["meta", "items", "lent", "bell", "last", "beats", "dead"]

  private static let begin = """
    local M,I,H=KEYS[1],KEYS[2],KEYS[3]
    local m=redis.call('HMGET',M,'kind','closed','max','attempts')
    if m[1]~='queue' then return {'gone'} end

    """

  /// Gives an item back, or to the dead letters.
  private static let back = """
    local function back(id,undone)
      redis.call('HDEL',H,id)
      local p=redis.call('XPENDING',I,'brood',id,id,1)
      if not p[1] then return 0 end
      local times=p[1][4]
      if undone then
        redis.call('XCLAIM',I,'brood','back',0,id,'RETRYCOUNT',times-1,'JUSTID')
        return 1
      end
      redis.call('XCLAIM',I,'brood','back',0,id,'JUSTID')
      if m[4]~='' and times>=tonumber(m[4]) then
        local r=redis.call('XRANGE',I,id,id)
        if r[1] then redis.call('XADD',KEYS[7],'*','v',r[1][2][2],'times',times,'id',id) end
        redis.call('XACK',I,'brood',id)
        redis.call('XDEL',I,id)
      end
      return 1
    end

    """

  /// Arguments: producer, number, values.
  ///
  /// Yields `put` and how many, `full` and the bell's last item, `closed`, `stale`, `gone`.
  static let put = RedisScript(
    "put",
    begin + ScriptParts.bell(4) + ScriptParts.requests(5) + """
      local f='p:'..ARGV[1]
      local s=seen(f,ARGV[2])
      if s==false then return {'stale'} end
      if s then return {'put',tonumber(s)} end
      if m[2] then return {'closed'} end
      local c=#ARGV-2
      if m[3]~='' then
        local room=tonumber(m[3])-(redis.call('XLEN',I)-redis.call('HLEN',H))
        if room<c then c=room end
      end
      if c<=0 then return {'full',bell()} end
      for i=1,c do redis.call('XADD',I,'*','v',ARGV[2+i]) end
      note(f,ARGV[2],c)
      ring()
      return {'put',c}
      """)

  /// Arguments: who asks, number, holder, how many.
  ///
  /// Yields `took` and a list of {id, value, times}, `empty` and the bell's last item, `closed`,
  /// `stale`, `gone`.
  static let take = RedisScript(
    "take",
    begin + ScriptParts.bell(4) + ScriptParts.requests(5) + ScriptParts.beats(6) + """
      local f='g:'..ARGV[1]
      local c=ARGV[3]
      local out={}
      local s=seen(f,ARGV[2])
      if s==false or s=='x' then return {'stale'} end
      if s then
        for id in string.gmatch(s,'%S+') do
          if redis.call('HGET',H,id)==c then
            local r=redis.call('XRANGE',I,id,id)
            local p=redis.call('XPENDING',I,'brood',id,id,1)
            if r[1] and p[1] then out[#out+1]={id,r[1][2][2],p[1][4]} end
          end
        end
        if #out>0 then return {'took',out} end
      end
      local want=tonumber(ARGV[4])
      local free=redis.call('XLEN',I)-redis.call('HLEN',H)
      while #out<want do
        local p=redis.call('XPENDING',I,'brood','-','+',1,'back')
        if not p[1] then break end
        local id=p[1][1]
        local r=redis.call('XRANGE',I,id,id)
        if r[1] then
          redis.call('XCLAIM',I,'brood','held',0,id,'RETRYCOUNT',p[1][4]+1,'JUSTID')
          redis.call('HSET',H,id,c)
          out[#out+1]={id,r[1][2][2],p[1][4]+1}
        else
          redis.call('XACK',I,'brood',id)
        end
      end
      if #out<want then
        local r=redis.call('XREADGROUP','GROUP','brood','held','COUNT',want-#out,'STREAMS',I,'>')
        if r then
          for _,e in ipairs(r[1][2]) do
            redis.call('HSET',H,e[1],c)
            out[#out+1]={e[1],e[2][2],1}
          end
        end
      end
      if #out==0 then
        if m[2] and redis.call('XLEN',I)==0 then return {'closed'} end
        return {'empty',bell()}
      end
      local ids={}
      for i,e in ipairs(out) do ids[i]=e[1] end
      alive(c)
      note(f,ARGV[2],table.concat(ids,' '))
      if m[3]~='' and free>=tonumber(m[3]) then ring() end
      return {'took',out}
      """)

  /// Arguments: who asks, number, holder, ids.
  ///
  /// Yields `done` and how many were its own.
  static let acknowledge = RedisScript(
    "ack",
    begin + ScriptParts.bell(4) + ScriptParts.requests(5) + """
      local f='a:'..ARGV[1]
      local s=seen(f,ARGV[2])
      if s==false then return {'stale'} end
      if s then return {'done',tonumber(s)} end
      local n=0
      for i=4,#ARGV do
        local id=ARGV[i]
        if redis.call('HGET',H,id)==ARGV[3] then
          redis.call('XACK',I,'brood',id)
          redis.call('XDEL',I,id)
          redis.call('HDEL',H,id)
          n=n+1
        end
      end
      if n>0 then
        note(f,ARGV[2],n)
        if m[2] and redis.call('XLEN',I)==0 then ring() end
      end
      return {'done',n}
      """)

  /// Arguments: who asks, number, holder, ids.
  ///
  /// Yields `done` and how many were its own.
  static let giveBack = RedisScript(
    "nack",
    begin + ScriptParts.bell(4) + ScriptParts.requests(5) + back + """
      local f='n:'..ARGV[1]
      local s=seen(f,ARGV[2])
      if s==false then return {'stale'} end
      if s then return {'done',tonumber(s)} end
      local n=0
      for i=4,#ARGV do
        if redis.call('HGET',H,ARGV[i])==ARGV[3] then n=n+back(ARGV[i]) end
      end
      if n>0 then
        note(f,ARGV[2],n)
        ring()
      end
      return {'done',n}
      """)

  /// Takes a request back that was given up: what it took, or still would.
  ///
  /// Arguments: who asked, its number, holder.
  static let undo = RedisScript(
    "undo",
    begin + ScriptParts.bell(4) + ScriptParts.requests(5) + back + """
      redis.call('HDEL',H,'')
      local f='g:'..ARGV[1]
      local s=seen(f,ARGV[2])
      if s==false then return {'done',0} end
      local n=0
      if s then
        for id in string.gmatch(s,'%S+') do
          if redis.call('HGET',H,id)==ARGV[3] then n=n+back(id,true) end
        end
      end
      note(f,ARGV[2],'x')
      if n>0 then ring() end
      return {'done',n}
      """)

  /// Yields holders and their counters, `0` for one that has none; it is a write, so that it is
  /// refused when theirs are.
  static let look = RedisScript(
    "look",
    begin + """
      local A=KEYS[6]
      redis.call('HDEL',A,'')
      local out,known={},{}
      local function add(c)
        if known[c] then return end
        known[c]=true
        out[#out+1]=c
        out[#out+1]=redis.call('HGET',A,c) or '0'
      end
      for _,c in ipairs(redis.call('HVALS',H)) do add(c) end
      local p=redis.call('XPENDING',I,'brood')
      for _,e in ipairs(p[4] or {}) do
        if e[1]~='held' and e[1]~='back' then add(e[1]) end
      end
      for _,c in ipairs(redis.call('HKEYS',A)) do
        if not known[c] then redis.call('HDEL',A,c) end
      end
      return out
      """)

  /// Gives back what one holds that has gone.
  ///
  /// Arguments: holder, the counter that was seen. Yields `done` and how many.
  static let reap = RedisScript(
    "reap",
    begin + ScriptParts.bell(4) + back + """
      local A,c=KEYS[6],ARGV[1]
      if (redis.call('HGET',A,c) or '0')~=ARGV[2] then return {'done',0} end
      redis.call('HDEL',A,c)
      local n=0
      local all=redis.call('HGETALL',H)
      local mine={}
      for i=1,#all,2 do if all[i+1]==c then mine[#mine+1]=all[i] end end
      if c~='held' and c~='back' then
        for _,e in ipairs(redis.call('XPENDING',I,'brood','-','+',1000,c)) do mine[#mine+1]=e[1] end
      end
      for _,id in ipairs(mine) do n=n+back(id) end
      if n>0 then ring() end
      return {'done',n}
      """)

  /// Lets nothing more in.
  static let close = RedisScript(
    "close",
    begin + ScriptParts.bell(4) + """
      redis.call('HSET',M,'closed','1')
      ring()
      return {'done'}
      """)

  /// Yields `item` and the value of the first one that can be taken, `empty`, `gone`.
  static let peek = RedisScript(
    "peek",
    begin + """
      local p=redis.call('XPENDING',I,'brood','-','+',1,'back')
      if p[1] then
        local r=redis.call('XRANGE',I,p[1][1],p[1][1])
        if r[1] then return {'item',r[1][2][2]} end
      end
      for _,g in ipairs(redis.call('XINFO','GROUPS',I)) do
        local f={}
        for i=1,#g,2 do f[g[i]]=g[i+1] end
        if f['name']=='brood' then
          local a,b=string.match(f['last-delivered-id'],'^(%d+)-(%d+)$')
          local r=redis.call('XRANGE',I,'('..f['last-delivered-id'],'+','COUNT',1)
          if r[1] then return {'item',r[1][2][2]} end
        end
      end
      return {'empty'}
      """)

  /// Yields `facts`, how many items there are, how many are lent, how many dead letters, whether it is
  /// closed, its bounds, holders one for each lent item, the first id.
  static let facts = RedisScript(
    "facts",
    begin + """
      local r=redis.call('XRANGE',I,'-','+','COUNT',1)
      return {'facts',redis.call('XLEN',I),redis.call('HLEN',H),redis.call('XLEN',KEYS[7]),
        m[2] or '',m[3] or '',m[4] or '',redis.call('HVALS',H),r[1] and r[1][1] or ''}
      """)

  /// Yields `dead` and a list of {value, times}; removes them where the argument is `1`.
  static let dead = RedisScript(
    "dead",
    begin + """
      local out={}
      for _,e in ipairs(redis.call('XRANGE',KEYS[7],'-','+')) do
        local f={}
        for i=1,#e[2],2 do f[e[2][i]]=e[2][i+1] end
        out[#out+1]={f['v'] or '',f['times'] or '0',e[1]}
      end
      return {'dead',out}
      """)

  /// Removes all keys.
  static let remove = RedisScript("remove", "return redis.call('DEL',unpack(KEYS))")

  /// Makes it, unless it is there; yields its kind, its MAX, its attempts.
  static let make = RedisScript(
    "make queue",
    """
    local k=redis.call('HGET',KEYS[1],'kind')
    if not k then
      redis.call('HSET',KEYS[1],'kind','queue','layout','1','max',ARGV[1],'attempts',ARGV[2])
      redis.pcall('XGROUP','CREATE',KEYS[2],'brood','0','MKSTREAM')
    end
    return redis.call('HMGET',KEYS[1],'kind','max','attempts')
    """)
}
