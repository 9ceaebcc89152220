// Finds a small part of a sequence that still fails, for as long as there is
// time: runs of it are left out, first long ones, then shorter ones, down to single items.

// `fails(part)` tells, as a promise, whether a part of `items` fails as all of them do. Parts keep the order.
export async function shrink(items, fails, deadline) {
  for (let size = Math.ceil(items.length / 2), before; size > 1 || items.length !== before; size = Math.ceil(size / 2)) {
    before = items.length;
    for (let from = 0; from < items.length; ) {
      if (Date.now() >= deadline) return items;
      const rest = items.toSpliced(from, size);
      if (await fails(rest)) items = rest;
      else from += size;
    }
  }
  return items;
}

// The same with the items themselves: `variants(item)` are simpler ones to put in an item's place.
export async function simplify(items, variants, fails, deadline) {
  for (let i = 0; i < items.length; i++)
    for (let again = true; again; ) {
      again = false;
      for (const simpler of variants(items[i])) {
        if (Date.now() >= deadline) return items;
        const changed = items.with(i, simpler);
        if (await fails(changed)) {
          items = changed;
          again = true;
          break;
        }
      }
    }
  return items;
}
