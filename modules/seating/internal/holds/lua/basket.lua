-- basket reads what a place holds.
-- ARGV 3 place  4 "1" when only somebody admitted may ask
-- returns OK deadline version offers offered… seat… | NOTADMITTED | EPOCH e | CLOSED
local no = refused(false)
if no then return no end
awake()
if ARGV[4] == '1' and not admitted(ARGV[3]) then return { 'NOTADMITTED' } end
local seats, due = basket(ARGV[3])
return answer(seats, due, offered(ARGV[3]))
