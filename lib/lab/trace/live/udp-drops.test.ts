import { sumDrops } from "./udp-drops";

// `cat /proc/net/udp /proc/net/udp6` on Linux 6.18.
const table = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
 3061: 00000000:14E9 00000000:0000 07 00000000:00034500 00:00000000 00000000     0        0 1161343 2 00000000a5a8d8d1 17
 9102: 0B00007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1161344 2 00000000a5a8d8d2 4
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
 3061: 00000000000000000000000000000000:14E9 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1161345 2 00000000a5a8d8d3 2
`;

test.each([
  ["the drops of all sockets of a port are added, over both address families", 5353, 19],
  ["the drops of another port are counted separately", 53, 4],
  ["the result is 0 for a port without a socket", 80, 0],
])("%s", (_name, port, expected) => {
  expect(sumDrops(table, port)).toBe(expected);
});
