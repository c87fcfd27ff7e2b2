-- Works out how long the wait is, from how the line has moved, and checks what it said before against what came of it.
-- Any replica may ask at any time; it acts every two seconds. research: admission.md, 7.
-- KEYS, ARGV 1 see common.lua; ARGV 2… id and free seats of each category
-- EST holds: state (packed), view (JSON: wait, lasts, categories), accuracy (JSON: for each horizon estimates, within,
--   earlier, later, unmet: the line stopped before it could be known)
-- Returns status ok · lost
if not open_line() then return {'status', 'lost'} end
local HORIZON = {15, 30, 60, 120, 300, 600, 1200, 2400, 4800}
local MOST_NOTES, PRIOR_STAY, PRIOR_SHOW = 24, 240, .7
local had = redis.call('HMGET', EST, 'state', 'accuracy')
local e = had[1] and cmsgpack.unpack(had[1]) or
  {at = 0, full = 0, cohort = 0, since = 0, show = PRIOR_SHOW, fine = {}, coarse = {}, notes = {}, noted = {}, low = {-1, -1}, high = {1, 1}, n = {0, 0}, cats = {}}
if e.at <= NOW and NOW - e.at < 1900 then return {'status', 'ok'} end
if e.at > NOW then e.fine, e.coarse, e.notes, e.full, e.since = {}, {}, {}, 0, 0 end -- the clock was set back
e.at = NOW
put('estimated', NOW)

local accuracy = had[2] and cjson.decode(had[2]) or {}
for i = 1, #HORIZON do
  accuracy[i] = accuracy[i] or {seconds = HORIZON[i], estimates = 0, within = 0, earlier = 0, later = 0, unmet = 0}
  e.notes[i], e.noted[i] = e.notes[i] or {}, e.noted[i] or 0
end

-- S people called, D and T admissions of draw and tail, K room offered (people times seconds).
local now = {t = NOW, S = n('called'), D = n('entered_draw'), T = n('entered_tail'), K = n('offered')}
local serving, size, joined = n('serving'), n('size'), n('size') + n('tail')
local cohort = serving < size and 1 or 2
if e.cohort ~= cohort then e.cohort, e.since, e.show = cohort, NOW, PRIOR_SHOW end
local cap, g, active = n('cap'), tonumber(adm.g) or 1, redis.call('ZCARD', LEASES)
local offer = math.max(.5, cap * g)
local budget = n('per_minute')
if e.full == 0 and active > 0 and (active >= .9 * math.floor(offer) or (budget > 0 and n('winsum') >= .9 * budget)) then
  e.full, e.fine, e.coarse = NOW, {}, {} -- how fast the room filled says nothing of later
end
-- Until the room is full, what is seen of the first calls; nobody is taken to come more often than usual.
if e.full == 0 then e.show = math.min(PRIOR_SHOW, (now.D + now.T + 14) / math.max(20, now.S - n('young') + 20)) end
local moving = NOW >= n('opens') and not ended() and adm.paused == '' and g >= .05 and (n('stuck') == 0 or NOW - n('stuck') < 15000)

-- A sample every 10 s for ten minutes, and every minute for eighty.
local function keep(ring, every, most)
  if #ring > 0 and NOW - ring[#ring].t < every then return end
  ring[#ring + 1] = now
  if #ring > most then table.remove(ring, 1) end
end
local function sample(from) -- the last one at or before a moment, else the first
  for _, ring in ipairs({e.fine, e.coarse}) do
    if #ring > 0 and ring[1].t <= from then
      for i = #ring, 1, -1 do
        if ring[i].t <= from then return ring[i] end
      end
    end
  end
  return e.coarse[1] or now
end
keep(e.fine, 9900, 61)
keep(e.coarse, 59900, 82)

-- What was said before: each note is {when, people called by then, spread, p10, p90}.
local function learn(i, r, outcome)
  local side = HORIZON[i] <= 120 and 1 or 2
  local h, least = math.max(.03, .3 / math.sqrt(1 + e.n[side])), side == 1 and .5 or .85
  e.low[side] = math.min(-least, math.max(-3, e.low[side] + h * (.1 - (r < e.low[side] and 1 or 0))))
  e.high[side] = math.max(least, math.min(3, e.high[side] + h * (.9 - (r < e.high[side] and 1 or 0))))
  e.n[side] = e.n[side] + 1
  accuracy[i].estimates, accuracy[i][outcome] = accuracy[i].estimates + 1, accuracy[i][outcome] + 1
end
for i, horizon in ipairs(HORIZON) do
  local open = {}
  for _, note in ipairs(e.notes[i]) do
    local took = (NOW - note[1]) / 1000
    if now.S >= note[2] then
      learn(i, math.log(math.max(.5, took) / horizon) / note[3], took < note[4] and 'earlier' or took > note[5] and 'later' or 'within')
    elseif not moving then
      accuracy[i].unmet = accuracy[i].unmet + 1
    elseif took > note[5] then
      learn(i, math.huge, 'later')
    else
      open[#open + 1] = note
    end
  end
  e.notes[i] = open
end

-- How many enter a second, and how many of those called come: from the time since the room was first full.
local usual = offer / PRIOR_STAY
local function pace(horizon)
  local w = 1000 * math.max(horizon, 120, math.min(1200, 60 / usual))
  local from = math.max(NOW - w, e.full)
  local old = e.full > 0 and sample(from) or now
  local entered = now.D + now.T - old.D - old.T
  local v = (entered + offer / 2) / (now.K - old.K + 120 * offer) * offer
  local mine = e.full > 0 and sample(math.max(from, e.since)) or now
  local came = cohort == 1 and now.D - mine.D or now.T - mine.T
  local p = math.min(1, math.max(.03, (came + 20 * e.show) / (now.S - mine.S + 20)))
  return v, p
end

local burnt = redis.call('ZCOUNT', BURNT, whole(serving), '(' .. whole(joined))
local people = joined - serving - burnt
local draw_left = cohort == 1 and size - serving - redis.call('ZCOUNT', BURNT, whole(serving), '(' .. whole(size)) or nil
local left_of_minute = math.max(0, budget - n('winsum'))
-- The room fills at first, with as many calls as that takes among those who come at all.
local filling = e.full == 0 and math.max(0, .96 * offer / e.show - now.S) or 0
local wait, ahead, p90 = {}, 0, 0
for i, horizon in ipairs(HORIZON) do
  local v, p = pace(horizon)
  local enter = v * horizon + p * filling * (1 - math.exp(-horizon / 25))
  if budget > 0 then -- a little of it stays unused
    enter = math.min(enter, .95 * math.min(left_of_minute + budget * horizon / 60, budget * math.max(1, horizon / 60)))
  end
  local x = enter / p
  if draw_left and x > draw_left then x = draw_left + (x - draw_left) * p / PRIOR_SHOW end
  local side = horizon <= 120 and 1 or 2
  local drift = .12 + .045 * math.max(0, math.log(horizon / 300) / math.log(2))
  local spread = 1.28 * math.sqrt(drift * drift + 2 / (enter + .5))
  local soon = horizon == 15 and 0 or math.floor(horizon * math.exp(e.low[side] * spread) + .5)
  local late = math.floor(math.max(8, horizon * math.exp(e.high[side] * spread)) + .5)
  ahead, p90 = math.max(x, ahead + .1), math.max(late, p90 + 1)
  wait[i] = {ahead = math.floor(ahead * 10 + .5) / 10, p10_s = math.max(soon, i > 1 and wait[i - 1].p10_s or 0), p90_s = p90}
  if moving and x <= people and NOW - e.noted[i] >= 1000 * math.max(2, horizon / 8) and #e.notes[i] < MOST_NOTES then
    e.notes[i][#e.notes[i] + 1] = {NOW, now.S + x, spread, soon, p90}
    e.noted[i] = NOW
  end
end

-- How many positions more the seats left will feed; per category by its share of the seats taken lately, the last 200
-- or so. Not told before it can be known.
local view = {wait = wait, categories = {}}
local known = n('left') >= 20 and adm.free and now.S > 0
local _, p = pace(1200)
local each, inside = n('q') * n('b') * p, (browsing() + redis.call('ZCARD', READY) + n('coming')) / p
local back = n('held') * (1 - (tonumber(adm.holds_sold) or .72))
if known then view.lasts = math.floor(math.max(0, (n('free') + back) / each - inside)) end
local taken, seen = 0, {}
for i = 2, #ARGV, 2 do
  local id, free = ARGV[i], tonumber(ARGV[i + 1])
  local c = e.cats[id] or {free, 0}
  e.cats[id] = {free, c[2] + c[1] - free}
  taken = taken + math.max(0, e.cats[id][2])
  seen[id] = true
end
for id, c in pairs(e.cats) do
  if not seen[id] then e.cats[id] = nil elseif taken > 200 then c[2] = c[2] * 200 / taken end
end
taken = math.min(200, taken)
for id, c in pairs(e.cats) do
  local share = math.max(0, c[2]) / math.max(1, taken)
  if c[1] == 0 then
    view.categories[id] = 0
  elseif known and taken >= 20 and share >= .02 then
    view.categories[id] = math.floor(math.max(0, c[1] / share / each - inside))
  end
end
if not next(view.categories) then view.categories = nil end
redis.call('HSET', EST, 'state', cmsgpack.pack(e), 'view', cjson.encode(view), 'accuracy', cjson.encode(accuracy))
save()
return {'status', 'ok'}
