# Fairseat behind Varnish 6 or 7. TLS stands in front of it (hitch, a balancer). See ../caching.md.
vcl 4.1;

import std;

backend fairseat {
  .host = "127.0.0.1";
  .port = "8080";
  .connect_timeout = 2s;
  .first_byte_timeout = 60s;
  .probe = { .url = "/readyz"; .interval = 2s; .timeout = 1s; .window = 3; .threshold = 2; }
}

sub vcl_recv {
  # How stale an answer may be: while Fairseat is well, the second in which somebody fetches a new one (whoever asks alone
  # waits for the new one); when it is not, as long as it says itself.
  if (req.restarts == 0) {
    unset req.http.X-Kept;
    unset req.http.X-Stale;
  }
  if (req.http.X-Stale || !std.healthy(req.backend_hint)) {
    set req.grace = 600s;
  } else {
    set req.grace = 1s;
  }

  if (req.http.Upgrade ~ "(?i)websocket") {
    return (pipe); # the live map
  }
  # What belongs to one person is not looked for: those who ask at once would wait for one another. All else is, whatever
  # cookie or token it comes with: the answer says whether it is the same for everyone.
  if ((req.method != "GET" && req.method != "HEAD") || req.url ~ "^/(admin|orders|t/|metrics|healthz|readyz)"
      || req.url ~ "^/api/v1/(admin|orders)" || req.url ~ "^/(api/v1/)?events/[^/?]+/(place|queue/me|queue/admission|holds)") {
    return (pass);
  }
  if (req.url ~ "^/api/v1/events/[^/?]+/(queue/now|seats)\?") {
    set req.url = regsub(req.url, "\?.*", ""); # nothing behind it changes these
  }
  set req.http.X-Kept = "1";
  return (hash);
}

sub vcl_pipe {
  set bereq.http.Upgrade = req.http.Upgrade;
  set bereq.http.Connection = req.http.Connection;
}

sub vcl_backend_response {
  if (beresp.status >= 500 && bereq.http.X-Kept) {
    return (abandon); # it must not take the place of the last word
  }
  # Fairseat says what may be kept; what says nothing is not kept, though Varnish would for two minutes.
  if (beresp.http.Cache-Control !~ "(?i)public" || beresp.http.Set-Cookie) {
    set beresp.uncacheable = true;
    set beresp.ttl = 0s;
    return (deliver);
  }
  set beresp.grace = 600s; # stale-if-error, which Varnish does not read
  return (deliver);
}

sub vcl_backend_error {
  if (bereq.http.X-Kept) {
    return (abandon);
  }
}

sub vcl_synth {
  if (resp.status >= 500 && req.http.X-Kept && req.restarts == 0) {
    set req.http.X-Stale = "1"; # the probe has not noticed yet
    return (restart);
  }
}
