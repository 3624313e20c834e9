/** What went wrong, each in a few words; empty when all is well. */
export function failuresOf({ lost, doubled, reordered, reconnects, recovered, gaps, faults, settled }) {
  const failures = [];
  if (lost > 0) failures.push(`${lost} deliveries were lost`);
  if (doubled > 0) failures.push(`${doubled} deliveries were doubled`);
  if (reordered > 0) failures.push(`${reordered} deliveries were out of order`);
  if (recovered < reconnects) failures.push(`${reconnects - recovered} of ${reconnects} reconnects were not recovered`);
  if (gaps > 0) failures.push(`${gaps} clients were told of a gap`);
  if (faults > 0) failures.push(`${faults} faults of the protocol`);
  if (!settled) failures.push('not every client came back and had everything in time');
  return failures;
}
