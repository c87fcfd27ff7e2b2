// A receipt: all that one needs to prove one's place later, whatever becomes of this page.

// save hands it to the browser as a file; place is {cohort, index, lane}.
export function save({ event, head, draw }, place, position) {
  const receipt = {
    receipt: 'fairseat draw v1', event, page: location.origin + location.pathname, cohort: place.cohort, lane: draw.lanes[place.lane].name || null,
    index: place.index, position, number: position + 1, size: draw.size, lanes: draw.lanes.length > 1 ? draw.lanes : null,
    commitment: draw.commitment, secret: draw.secret, seed: draw.seed,
    beacon: draw.beacon ? { chain: draw.chain, round: draw.round, randomness: draw.beacon, signature: draw.signature } : null,
    log: head,
  };
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([`${JSON.stringify(receipt, null, 2)}\n`], { type: 'application/json' }));
  link.download = `${event}-${place.cohort}-${place.index}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
