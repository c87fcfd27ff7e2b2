// What a form was answered with has no address of its own, and no browser may keep it: going back to it, or loading it again,
// shows the page that the form stood on.
history.replaceState(null, '', document.body.dataset.here);
