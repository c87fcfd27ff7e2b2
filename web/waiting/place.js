// The page of one's place is for browsers without script. With script the waiting room is the event's own page, which
// takes the token from the link and keeps it. "own": nobody has opened a link to act on this device.
const { event, place } = document.getElementById('event').dataset;
location.replace(`/events/${encodeURIComponent(event)}#p=${place}&own`);
