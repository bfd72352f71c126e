# Sends raw packets from inside one network namespace. Reads commands from stdin:
#   F DEVICE HEX   sends an Ethernet frame out of DEVICE (packet(7)); the veth peer receives it
#   4 MARK HEX     sends an IPv4 packet with its header as a local process would (raw(7), IP_HDRINCL), from a socket
#                  bound to the packet's source address, so that routing uses that address as for any bound socket
#   6 MARK HEX     the same for IPv6
#   K TOKEN        prints this line after all earlier packets have been sent
# For a packet that cannot be sent (EPERM from a rule, ENETUNREACH from routing), prints: E DEVICE REASON.
use strict;
use warnings;
use Socket;

my ($AF_PACKET, $SO_MARK, $IP_HDRINCL) = (17, 36, 3);
my %frame;
$| = 1;

sub frame_socket {
  my ($device) = @_;
  socket(my $socket, $AF_PACKET, SOCK_RAW, 0) or die "packet socket: $!";
  my ($index) = qx(ip -o link show dev $device) =~ /^(\d+):/ or die "no device $device";
  # struct sockaddr_ll: family, protocol, ifindex, hatype, pkttype, halen, address
  return [$socket, pack("SnlSCCa8", $AF_PACKET, 0x0800, $index, 1, 0, 6, "")];
}

sub local_socket {
  my ($family, $mark, $source) = @_;
  my $socket;
  socket($socket, ($family == 4 ? AF_INET : AF_INET6), SOCK_RAW, 255) or die "raw socket: $!";
  setsockopt($socket, 0, $IP_HDRINCL, pack("i", 1)) if $family == 4;
  setsockopt($socket, SOL_SOCKET, $SO_MARK, pack("I", $mark)) or die "mark: $!" if $mark;
  setsockopt($socket, SOL_SOCKET, SO_BROADCAST, pack("i", 1));
  bind($socket, $family == 4 ? pack_sockaddr_in(0, $source) : pack_sockaddr_in6(0, $source)) or return undef;
  return $socket;
}

while (my $line = <STDIN>) {
  chomp $line;
  my ($kind, $where, $hex) = split / /, $line;
  if ($kind eq "F") {
    my $to = $frame{$where} //= frame_socket($where);
    defined send($to->[0], pack("H*", $hex), 0, $to->[1]) or print "E $where $!\n";
  } elsif ($kind eq "4" or $kind eq "6") {
    my $packet = pack("H*", $hex);
    my ($source, $target) = unpack($kind eq "4" ? "x12 a4 a4" : "x8 a16 a16", $packet);
    my $to = $kind eq "4" ? pack_sockaddr_in(0, $target) : pack_sockaddr_in6(0, $target);
    my $socket = local_socket($kind, $where, $source);
    if (!defined $socket) { print "E $where bind: $!\n"; next; }
    defined send($socket, $packet, 0, $to) or print "E $where $!\n";
  } elsif ($kind eq "K") {
    print "$line\n";
  }
}
