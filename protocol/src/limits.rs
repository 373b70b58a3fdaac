//! Every bound of the protocol, each with its reason. Sizes are in bytes unless
//! the name says otherwise.

use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::time::Duration;

/// A control message: large enough for an order of [`ORDER_LINES_MAX`] lines,
/// small enough that decoding it can't take more than a few MiB.
pub const CONTROL_BYTES_MAX: usize = 256 * 1024;
/// A message of a few fields: a status, a short reply, an invitation.
pub const SMALL_BYTES_MAX: usize = 16 * 1024;
/// A request for a range: two ids and a number.
pub const RANGE_REQUEST_BYTES_MAX: usize = 1024;
/// A batch of photo records with their renditions (DESIGN.md: ≤ 4 MiB), plus its frame.
pub const PUBLISH_BYTES_MAX: usize = 4 * 1024 * 1024 + 256 * 1024;
/// Renditions and records that a sender packs into one batch.
pub const PUBLISH_BATCH_BYTES: usize = 4 * 1024 * 1024;
/// Photos in one batch: bounds the rows of one transaction at the host.
pub const PUBLISH_BATCH_PHOTOS_MAX: usize = 256;
/// Photos named in one "what do you still need?" or one withdrawal.
pub const PHOTOS_NAMED_MAX: usize = 1_000;
/// A thumbnail of 320 px is about 30 KB; ten times that is not a thumbnail.
pub const THUMBNAIL_BYTES_MAX: usize = 320 * 1024;
/// A proof of 1600 px is about 300 KB; a noisy one stays under this.
pub const PROOF_BYTES_MAX: usize = 2 * 1024 * 1024;
/// A proof's longest edge may not pass this: a host must never hold an original.
pub const PROOF_EDGE_PX_MAX: u32 = 2_048;
/// One range of a print file: a complete BLAKE3 subtree.
pub const RANGE_BYTES: u64 = 1024 * 1024;
/// A reply carrying one range, with its frame.
pub const RANGE_REPLY_BYTES_MAX: usize = RANGE_BYTES as usize + 1024;
/// The largest print file: 4 GiB, whose subtree list is 128 KiB.
pub const PRINT_FILE_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;
/// Lines of one order: a big wedding's wish list.
pub const ORDER_LINES_MAX: usize = 500;
/// Copies of one line.
pub const QUANTITY_MAX: u32 = 999;
/// Print sizes and delivery options on one price list.
pub const PRICE_LINES_MAX: usize = 100;
/// Categories of one event.
pub const CATEGORIES_MAX: usize = 200;
/// A name: event, category, person, lab.
pub const NAME_BYTES_MAX: usize = 200;
/// A file name as the camera or the photographer gave it.
pub const FILE_NAME_BYTES_MAX: usize = 255;
/// A description or a note.
pub const NOTE_BYTES_MAX: usize = 4_000;
/// A sentence shown to a person, such as a reason for refusal.
pub const SENTENCE_BYTES_MAX: usize = 1_000;
/// One line of an address, a tracking number, a link.
pub const LINE_BYTES_MAX: usize = 500;
/// A photo's caption: IPTC allows 2,000 bytes, XMP any length.
pub const CAPTION_BYTES_MAX: usize = 4_000;
/// Keywords of one photo.
pub const KEYWORDS_MAX: usize = 50;
/// One keyword: IPTC allows 64 bytes, XMP any length.
pub const KEYWORD_BYTES_MAX: usize = 256;
/// A photo's placeholder: a ThumbHash has 5 to 25 bytes.
pub const PLACEHOLDER_BYTES_MAX: usize = 32;
/// How far a camera's clock may be from UTC, either way: 14 hours.
pub const CLOCK_OFFSET_MINUTES_MAX: i16 = 14 * 60;
/// Addresses that a peer announces.
pub const ADDRESSES_MAX: usize = 16;
/// Labs or photographers in one directory reply.
pub const CONTACTS_MAX: usize = 500;
/// Peers that are sought by their ids at one time: a lab's jobs of the hour.
pub const PEERS_SOUGHT_MAX: usize = 64;
/// Highest price of anything, in minor units: ten million in most currencies.
pub const AMOUNT_MINOR_MAX: i64 = 1_000_000_000;
/// Edges of a print, in millimetres: from a stamp to a 2 m banner.
pub const PRINT_EDGE_MM_MIN: u32 = 20;
/// See [`PRINT_EDGE_MM_MIN`].
pub const PRINT_EDGE_MM_MAX: u32 = 2_000;

/// Events in one page of a replica's list: 50 bytes each.
pub const REPLICA_EVENTS_MAX: usize = 4_000;
/// Bytes of photo records in one page: with one more of 32 KiB it fits a range's reply.
pub const REPLICA_PAGE_BYTES: usize = 768 * 1024;
/// Hosts and labs that a replica is told of, each: a reply of a few hundred KB.
pub const REPLICA_BUSINESS_MAX: usize = 256;
/// Print files in one page of what a home sent: a KB each with the lab's receipt.
pub const REPLICA_SENT_MAX: usize = 500;
/// Photos in one page of what a host shows: 80 bytes each.
pub const REPLICA_SHOWN_MAX: usize = 8_000;
/// How long the first home keeps a second waiting for news: less than half of what its
/// answer may take.
pub const REPLICA_WAIT: Duration = Duration::from_secs(50);

/// How long an enrolment may take to be answered.
pub const ENROL_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a batch may take to cross a slow uplink and be stored.
pub const PUBLISH_TIMEOUT: Duration = Duration::from_secs(120);
/// How long an order may take to be answered.
pub const ORDER_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a print job's manifest may take to be answered.
pub const JOB_TIMEOUT: Duration = Duration::from_secs(60);
/// How long one range may take: several of them share a slow line.
pub const RANGE_TIMEOUT: Duration = Duration::from_secs(120);
/// How long a status may take to be answered.
pub const STATUS_TIMEOUT: Duration = Duration::from_secs(30);

/// Values in one message, map keys counted: an order of [`ORDER_LINES_MAX`] lines
/// has about 15,000. Decoded, a value takes 192 bytes at worst (THREATS.md), so
/// a message can't grow past about 12 MiB.
pub const CBOR_ELEMENTS_MAX: u64 = 65_536;
/// Lists and maps within each other: our deepest record has seven.
pub const CBOR_DEPTH_MAX: usize = 16;
/// Requests in flight to one peer in one conversation: what a fetch uses on the
/// longest line, for which a range takes three round trips.
pub const REQUESTS_IN_FLIGHT_MAX: usize = 64;
/// Requests of ours that await an answer, all peers together, in one conversation.
pub const ASKS_PENDING_MAX: usize = 4_096;
/// Requests of ours that wait for the swarm to take them, in one conversation.
pub const ASKS_WAITING_MAX: usize = 256;
/// Requests of others that wait for a handler; past it they are answered `Busy`. One of
/// each of those who come back to a host within seconds; what they take of memory is
/// bounded by [`INCOMING_ROOM_BYTES`].
pub const INCOMING_WAITING_MAX: usize = 4_096;
/// Requests of others in handlers' hands, in one conversation; then `Busy`.
pub const REPLIES_PENDING_MAX: usize = 4_096;
/// Bytes of requests being read or handled in one conversation: 30 publish
/// batches at once. What is beyond waits on its sender's side.
pub const INCOMING_ROOM_BYTES: usize = 128 * 1024 * 1024;
/// Of one peer: three publish batches, where our nodes have two on the way.
pub const PEER_ROOM_BYTES: usize = 3 * PUBLISH_BYTES_MAX;
/// As [`INCOMING_ROOM_BYTES`], for all strangers together: [`STRANGERS_MAX`] of
/// [`STRANGER_PEER_ROOM_BYTES`].
pub const STRANGER_ROOM_BYTES: usize = 16 * 1024 * 1024;
/// Of one stranger: one job offer.
pub const STRANGER_PEER_ROOM_BYTES: usize = CONTROL_BYTES_MAX;
/// Messages that are read to their end though [`INCOMING_ROOM_BYTES`] are full.
pub const READ_TO_THE_END_MAX: usize = 4;
/// Peers or addresses whose share is remembered before those that have taken nothing of it
/// are forgotten.
pub const SHARES_REMEMBERED: usize = 1_024;
/// How long [`MESSAGE_FIRST_BYTES`] of a request may take. A photographer's line that is
/// slower could not send a batch within [`PUBLISH_TIMEOUT`] either.
pub const MESSAGE_STEP_TIME: Duration = Duration::from_secs(20);
/// Requests per second from an enrolled peer: 2 GB/s of ranges.
pub const REQUESTS_PER_SECOND: u32 = 2_000;
/// Requests per second from a stranger, who has one invitation to show.
pub const STRANGER_REQUESTS_PER_SECOND: u32 = 5;
/// Messages that can't be read, or are too large, before their sender is shown out: as
/// many as a faulty version may have on the way when it hears of the first.
pub const FLAWS_SAVED: u32 = REQUESTS_IN_FLIGHT_MAX as u32;
/// Then one more in this time.
pub const FLAW_FORGIVEN_EVERY: Duration = Duration::from_secs(10);
/// How long one that was shown out is not let in.
pub const SHOWN_OUT_TIME: Duration = Duration::from_secs(60);
/// Peers whose flaws are remembered.
pub const MARKED_PEERS_MAX: usize = 4_096;
/// Peers whose rate is remembered, and as many addresses.
pub const RATED_MAX: usize = 16_384;
/// Incoming connections of peers that one process knows: 10,000 photographers, and labs.
/// 46 KB each (MEASURED.md).
pub const CONNECTIONS_MAX: u32 = 12_000;
/// Beside them: second connections of those who are in, while a dead one is found out.
pub const CONNECTIONS_SPARE: u32 = 1_024;
/// Open files of a host's process: its connections, in their handshake too, and with some
/// room customers' connections and the database.
pub const OPEN_FILES_WANTED: u64 = 16_384;
/// Connections from one address, or one IPv6 network: a photographers' fair behind one
/// router.
pub const CONNECTIONS_PER_ADDRESS_MAX: usize = 512;
/// One address, or one IPv6 network, may ask as often, and send as much at one time, as so
/// many of its peers at full speed: a studio's machines. A fair's hundreds share one line.
pub const PEERS_AT_FULL_SPEED_PER_ADDRESS: usize = 4;
/// Of those in their handshake: a quarter of [`CONNECTIONS_PENDING_MAX`].
pub const CONNECTIONS_PENDING_PER_ADDRESS_MAX: usize = 256;
/// Peers that wait for room and have their turn kept.
pub const QUEUE_MAX: usize = 16_384;
/// How long a turn is kept for one that does not come back: it tries every minute.
pub const QUEUE_PATIENCE: Duration = Duration::from_secs(3 * 60);
/// Peers that are being told to come later; more are turned away without a word.
pub const TURNED_AWAY_MAX: usize = 256;
/// How long that may take: they ask something first, over a slow line. Less than
/// [`CONNECTION_STEADY`], so that they do not take it for success.
pub const TURNED_AWAY_TIME: Duration = Duration::from_secs(3);
/// Connections of one remote peer: hole punching needs two or three for a moment.
pub const CONNECTIONS_PER_PEER_MAX: u32 = 4;
/// Connections between a photographer's node and a lab that files go over, where the
/// sender's TCP finds no pace of its own and QUIC does not get through. At 0.5 % loss one
/// uses 0.05 of a line of 100 Mbit/s and 50 ms, and each further one as much. Each can have
/// one of the ranges that are in flight at first, and browsers have six to one site.
pub const SEVERAL_CONNECTIONS: usize = 8;
/// Connections of one peer that may have so many: with them what hole punching needs.
pub const CONNECTIONS_PER_SEVERAL_MAX: u32 = CONNECTIONS_PER_PEER_MAX + SEVERAL_CONNECTIONS as u32 - 1;
/// How long a transfer lasts before it gets them: on a good line a small job is over by then.
pub const SEVERAL_AFTER: Duration = Duration::from_secs(2);
/// How long nothing is carried before they are closed: the next job may come.
pub const SEVERAL_IDLE: Duration = Duration::from_secs(20);
/// How long none is opened after one did not come about, or broke; twice as long each time
/// that it lasts no longer.
pub const SEVERAL_AGAIN: Duration = Duration::from_secs(5);
/// The longest of such waits.
pub const SEVERAL_AGAIN_MAX: Duration = Duration::from_secs(5 * 60);
/// Time between two looks whether they are wanted, while files are carried.
pub const SEVERAL_LOOK: Duration = Duration::from_millis(500);
/// Connections in their handshake.
pub const CONNECTIONS_PENDING_MAX: u32 = 1_024;
/// Strangers connected at one time: the small door.
pub const STRANGERS_MAX: usize = 64;
/// Of one address, so that no one takes the whole door: an office that enrols.
pub const STRANGERS_PER_ADDRESS_MAX: usize = 16;
/// How long a stranger may stay without being admitted.
pub const STRANGER_TIME: Duration = Duration::from_secs(60);
/// Substreams of one connection: eight conversations, both directions, and some.
pub const STREAMS_MAX: usize = 512;
/// Substreams with requests that one peer may have open, on all its connections together:
/// four conversations at full speed. Each may hold 256 KiB unread.
pub const STREAMS_PER_PEER_MAX: usize = 4 * REQUESTS_IN_FLIGHT_MAX;
/// Those of one address: its peers at full speed, and two of each connection.
pub const STREAMS_PER_ADDRESS_MAX: usize =
    PEERS_AT_FULL_SPEED_PER_ADDRESS * STREAMS_PER_PEER_MAX + 2 * CONNECTIONS_PER_ADDRESS_MAX;
/// Substreams of a stranger's connection. Each may hold 256 KiB unread. It must
/// pass [`REQUESTS_IN_FLIGHT_MAX`], since the stranger may be admitted and fetched from.
pub const STRANGER_STREAMS_MAX: usize = 80;
/// Substreams of one connection that have not said their name yet.
pub const STREAMS_NEGOTIATING_MAX: usize = 64;
/// An idle connection to a known peer stays, so that orders find their way.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);
/// Time between pings, which keep routers from forgetting the connection.
pub const PING_INTERVAL: Duration = Duration::from_secs(10);
/// A ping that takes longer is missed; libp2p passes over the first. A slow line, on
/// which pings wait behind ranges, is told from a dead one by what crosses it.
pub const PING_TIMEOUT: Duration = Duration::from_secs(10);
/// Pings that may be missed in a row even while much crosses the connection: into a dead
/// one ranges go for a while, and nothing comes back.
pub const PINGS_MISSED_MAX: u32 = 6;
/// Time between looks at what has crossed each connection.
pub const PULSE_LOOK: Duration = Duration::from_secs(5);
/// More than pings make in two looks, and less than the slowest line carries.
pub const PULSE_BYTES: u64 = 16 * 1024;
/// How long TCP, Noise and Yamux may take together.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// First wait before a lost connection is tried again.
pub const RECONNECT_FIRST: Duration = Duration::from_secs(1);
/// Longest wait between two tries.
pub const RECONNECT_MAX: Duration = Duration::from_secs(60);
/// How many of those who lost their host in one moment come back to it in a second. A
/// handshake takes it half a millisecond of one core, and what each then asks as much.
pub const RETURNS_PER_SECOND: u32 = 300;
/// Nobody stays away longer for that, however many there are.
pub const RETURN_WINDOW_MAX: Duration = Duration::from_secs(60);
/// A connection that lasted this long counts as success: the waits begin anew.
pub const CONNECTION_STEADY: Duration = Duration::from_secs(10);
/// Peers to whom a connection is kept.
pub const KEPT_PEERS_MAX: usize = 256;
/// Commands to the swarm that wait.
pub const COMMANDS_WAITING_MAX: usize = 256;
/// Peer events that a slow listener may be behind before it misses some.
pub const PEER_EVENTS_KEPT: usize = 1_024;
/// How long a stopping peer waits for requests in flight.
pub const SHUTDOWN_DEADLINE: Duration = Duration::from_secs(10);
/// Time between two looks whether anything is in flight yet.
pub const STOP_LOOK: Duration = Duration::from_millis(50);
/// What a stopping peer's last reply has ahead of the connection's end.
pub const LAST_REPLY_LEAD: Duration = Duration::from_millis(250);
/// How long the connections of a stopping peer may then take to close.
pub const CLOSE_DEADLINE: Duration = Duration::from_secs(1);
/// How long one connection may take to send what it has when it is closed; then it is cut.
pub const CONNECTION_CLOSE_DEADLINE: Duration = Duration::from_secs(5);
/// How long the other end may take to close a TCP connection that this one has closed; then
/// it is reset. A round trip, and packets that are lost, on the longest lines.
pub const GOODBYE_WITHIN: Duration = Duration::from_secs(2);
/// Connections that wait for it at one time: each has a file of the system's.
pub const ENDINGS_AT_ONCE_MAX: usize = 256;
/// How long QUIC waits for TCP, which carries ranges with less work. Who calls by TCP waits
/// for two round trips and by QUIC for one, so that TCP is there first up to 100 ms: from
/// there on what the kernel holds for it (4 MB, of which 2.8 are under way) does not fill
/// 250 Mbit/s any more, and at 200 ms not 100 (benches/RESULTS.md).
pub const QUIC_BEHIND_TCP: Duration = Duration::from_millis(100);
/// As [`QUIC_BEHIND_TCP`], within a local network, where round trips are short and processors
/// may be busy.
pub const QUIC_BEHIND_TCP_NEARBY: Duration = Duration::from_millis(900);
/// What QUIC takes a round trip for until it has measured one: a packet of its first call
/// that is lost goes again after three times that.
pub const QUIC_ROUND_TRIP_GUESSED: Duration = Duration::from_millis(100);
/// How long TCP, once it has reached a peer, leaves QUIC for such a second call, where QUIC
/// is the better way: on lines longer than [`QUIC_BEHIND_TCP`], and on all where TCP has no
/// pace of its own. QUIC calls 100 ms after TCP or at once, again 300 ms later, and a round
/// trip and a half after that it is there; TCP has been on its way for two of them.
pub const TCP_BEHIND_SECOND_CALL: Duration = Duration::from_millis(350);
/// Bytes that the kernel is asked to hold of a TCP connection until they have come, as
/// [`QUIC_SEND_BYTES`]. It grants a part of that, or less than it goes to by itself.
pub const TCP_SEND_BYTES: usize = 32 * 1024 * 1024;
/// To which kernels go by themselves, where one does not say.
pub const TCP_USUAL_SEND_BYTES: usize = 4 * 1024 * 1024;
/// Of these, bytes that have not been sent, from which on it takes no more: 4 ms of 1 Gbit/s,
/// so that the sender is in time again, and half a second of 8 Mbit/s for what is said next.
pub const TCP_UNSENT_BYTES: u32 = 512 * 1024;
/// BBR empties the line when no round trip as short as the shortest came for 10 s. So it is
/// begun anew a second before, as `transport/flow.rs` says.
pub const BBR_HOLDS: Duration = Duration::from_secs(9);
/// As often in a row, so that it measures the line once a minute.
pub const BBR_BEGINS_MAX: u32 = 5;
/// Bytes from which on a connection is busy: a range.
pub const BBR_BUSY_BYTES: u64 = RANGE_BYTES;
/// A connection on which nothing was sent for so long was empty, and measured by that.
pub const BBR_PAUSE: Duration = Duration::from_secs(1);
/// Of a thousand packets, as many may have been sent twice where BBR is begun anew.
pub const BBR_RESENT_PER_THOUSAND_MAX: u64 = 1;
/// Where more were, it is left alone for one such time, then two, up to so many: five minutes.
pub const BBR_RESTS_MAX: u32 = 32;
/// What a packet carries, about.
pub const PACKET_BYTES: u64 = 1_448;
/// Time between packets on an idle QUIC connection: routers forget UDP after 30 s.
pub const QUIC_KEEP_ALIVE: Duration = Duration::from_secs(15);
/// A QUIC connection that hears nothing for so long is dead.
pub const QUIC_IDLE_TIMEOUT: Duration = Duration::from_secs(45);
/// Bytes that may come on one QUIC stream before they are read: a whole range with its
/// frame, so that it never waits for leave to go on.
pub const QUIC_STREAM_BYTES: u32 = 2 * 1024 * 1024;
/// What sends more on a QUIC stream is long, and goes behind what is short: a control message
/// is short, unless it is nearly as large as it may be.
pub const QUIC_SHORT_BYTES: usize = 64 * 1024;
/// Bytes that may come on all streams of a connection before they are read. A line of
/// 1 Gbit/s and 100 ms holds 12.5 MB. `quic/pace.rs` keeps up to twice that under way, and a
/// lost packet holds its range's bytes back for one more round trip: 2.5 lines' worth. From
/// 16 ranges on they, not this, are what limits.
pub const QUIC_CONNECTION_BYTES: u32 = 32 * 1024 * 1024;
/// Bytes that may come on all streams of a stranger's connection: many small messages.
pub const QUIC_STRANGER_BYTES: u32 = 1024 * 1024;
/// Bytes that we may have under way on a connection, as [`QUIC_CONNECTION_BYTES`].
pub const QUIC_SEND_BYTES: u64 = 32 * 1024 * 1024;
/// Bytes that the kernel is asked to hold for a UDP socket: 16 ms of 1 Gbit/s, in which
/// the peer may be at other work. Most kernels grant less.
pub const QUIC_SOCKET_BYTES: usize = 2 * 1024 * 1024;
/// Callers' QUIC handshakes under way: as many as the swarm lets in.
pub const QUIC_HANDSHAKES_MAX: usize = CONNECTIONS_PENDING_MAX as usize;
/// Those of callers who have not proven their address; then they have to, which takes
/// a round trip and none of our memory.
pub const QUIC_UNPROVEN_MAX: usize = 64;
/// QUIC callers who wait until the swarm looks at them.
pub const QUIC_CALLS_WAITING_MAX: usize = 256;
/// Bytes of such a caller: its first packets, with a post-quantum key.
pub const QUIC_CALL_BYTES: u64 = 16 * 1024;
/// Calls through routers that are awaited: of some peers at once, at each of their addresses.
pub const QUIC_PUNCHES_MAX: usize = 128;
/// Bytes of a datagram that only opens a router.
pub const QUIC_PUNCH_BYTES: usize = 64;
/// Time between two of them: at random, so that two ends don't keep missing each other.
pub const QUIC_PUNCH_EVERY_MS: RangeInclusive<u64> = 10..=200;
/// How long a call is awaited before the other direction is tried too: the caller waits
/// for [`QUIC_BEHIND_TCP`], and may lose its first packet.
pub const QUIC_PUNCH_ALONE: Duration = Duration::from_secs(3);
/// Peers of whom it is remembered why they could not be reached: those that are wanted,
/// and as many that were asked once.
pub const PEER_TROUBLES_MAX: usize = 2 * KEPT_PEERS_MAX;
/// Addresses of one peer of which it is told why nobody answered there.
pub const DIAL_FAILURES_TOLD_MAX: usize = 3;
/// Hosts through which a peer can be reached.
pub const RELAYS_MAX: usize = 8;
/// Peers with a place at one host's relay.
pub const RELAY_RESERVATIONS_MAX: usize = 12_000;
/// Places of one peer: that of a connection which is dead and not found out yet, and of two
/// new ones for a moment.
pub const RELAY_RESERVATIONS_PER_PEER_MAX: usize = 3;
/// How long a place at a relay is kept without being renewed.
pub const RELAY_RESERVATION_TIME: Duration = Duration::from_secs(60 * 60);
/// Circuits of one host at one time. Each holds two buffers of 8 KiB.
pub const RELAY_CIRCUITS_MAX: usize = 256;
/// Circuits of one peer at one time.
pub const RELAY_CIRCUITS_PER_PEER_MAX: usize = 8;
/// Circuits, and places, that one peer may ask for in a row.
pub const RELAY_TRIES_SAVED: NonZeroU32 = NonZeroU32::new(60).unwrap();
/// Then one in this time: who is away is tried once a minute.
pub const RELAY_TRY_EVERY: Duration = Duration::from_secs(30);
/// Bytes of one circuit that is for finding each other: two job offers and some.
pub const RELAY_CIRCUIT_BYTES: u64 = 1024 * 1024;
/// How long such a circuit lasts: a hole is punched in seconds, or not at all.
pub const RELAY_CIRCUIT_TIME: Duration = Duration::from_secs(2 * 60);
/// Bytes of one circuit at a host that passes print files on: a job of a big wedding.
pub const RELAY_BULK_BYTES: u64 = 64 * 1024 * 1024 * 1024;
/// How long such a circuit lasts: a night.
pub const RELAY_BULK_TIME: Duration = Duration::from_secs(12 * 60 * 60);
/// First wait before a lost place at a relay is asked for again.
pub const RESERVATION_WAIT_FIRST: Duration = Duration::from_secs(2);
/// Longest such wait.
pub const RESERVATION_WAIT_MAX: Duration = Duration::from_secs(120);
/// Own addresses that were seen by others, or guessed of that.
pub const GUESSED_ADDRESSES_MAX: usize = 12;
/// Addresses of ours that hosts were asked to try, and what came of it: as many as are
/// guessed, seen and mapped.
pub const TESTED_ADDRESSES_MAX: usize = GUESSED_ADDRESSES_MAX;
/// Addresses that a host is asked to try by one connection: TCP and QUIC, as seen and as
/// listened at. Each may cost 100 KB, and the host a dial.
pub const TESTS_PER_CONNECTION_MAX: usize = 4;
/// Time between two looks whether an address is to be tried.
pub const TEST_EVERY: Duration = Duration::from_secs(2);
/// How long an address is tried again where the host gives no clear answer.
pub const TEST_TIME: Duration = Duration::from_secs(45);
/// Time for a host's dial to a peer that wants to be tested, and for what it says then.
/// The peer itself waits for ten seconds.
pub const DIAL_BACK_TIME: Duration = Duration::from_secs(6);
/// What pings make on such a connection in two looks ([`PULSE_LOOK`]), two of them there and
/// back: less than any request. So little says that it may be closed.
pub const DIAL_BACK_QUIET_BYTES: u64 = 128;
/// Such dials under way: a sixteenth of what may be dialled at all, so that those that a
/// router swallows hinder nobody.
pub const DIAL_BACKS_MAX: usize = 64;
/// Such dials for one peer in [`DIAL_BACKS_PER_PEER_WINDOW`]: those of three connections.
pub const DIAL_BACKS_PER_PEER_MAX: usize = 3 * TESTS_PER_CONNECTION_MAX;
/// See [`DIAL_BACKS_PER_PEER_MAX`].
pub const DIAL_BACKS_PER_PEER_WINDOW: Duration = Duration::from_secs(10 * 60);
/// How long a router is asked to keep a port open: gone by itself within the hour after a
/// power cut.
pub const PORT_LEASE: Duration = Duration::from_secs(60 * 60);
/// Time between two looks whether the router is another one, and two renewals of what it
/// opened: a twelfth of [`PORT_LEASE`], so that a router that was restarted opens soon.
pub const ROUTER_ASKED_EVERY: Duration = Duration::from_secs(5 * 60);
/// The same where it keeps ports open for less: half of what it says, and no less than this.
pub const ROUTER_ASKED_EVERY_AT_LEAST: Duration = Duration::from_secs(30);
/// Wait for a router's first answer; doubled [`ROUTER_RETRIES`] times: 3.75 s in all.
pub const ROUTER_FIRST_WAIT: Duration = Duration::from_millis(250);
/// See [`ROUTER_FIRST_WAIT`].
pub const ROUTER_RETRIES: usize = 3;
/// Time for all that is asked of a router about one port.
pub const ROUTER_TIME: Duration = Duration::from_secs(8);
/// Time to find a router that speaks UPnP, for each of two ways to call it: by its own
/// address, and by the one that all such devices listen at.
pub const ROUTER_SEARCH_TIME: Duration = Duration::from_secs(2);
/// Ports that a router is asked for: TCP and QUIC, and as many again.
pub const PORTS_ASKED_FOR_MAX: usize = 4;
/// Own addresses, as strangers see them, that wait for the strangers to be admitted.
pub const OBSERVATIONS_HELD_MAX: usize = 64;
/// Connections that come up within this time of each other are one meeting.
pub const PATH_SETTLING: Duration = Duration::from_secs(10);
/// How often peers on the local network are looked for: who comes, or comes back under
/// another address, is found after so long. It costs each a packet of some hundred bytes.
pub const NEIGHBOURS_LOOKED_FOR_EVERY: Duration = Duration::from_secs(15);
/// A key file has 68 bytes; a longer one is something else.
pub const KEY_FILE_BYTES_MAX: u64 = 1_024;

/// What is reserved for a message before its first bytes have come: a lying length
/// costs no more.
pub const MESSAGE_FIRST_BYTES: usize = 64 * 1024;
/// Ranges' memory that waits for the next ones, each a mebibyte: as many as are read,
/// checked and written at one time on a few processors.
pub const RANGE_ROOMS_KEPT: usize = 16;
/// Memory for fewer bytes is as quickly had anew.
pub const RANGE_ROOM_BYTES_MIN: usize = MESSAGE_FIRST_BYTES;
/// The bytes of a frame, as many as a record has: more take less work, but one has to come
/// within [`PULSE_LOOK`] on the slowest line, or the line is taken for dead.
pub const FRAME_BYTES: usize = 32 * 1024;
/// New streams of a connection that nobody has looked at: as many as Yamux opens without
/// an acknowledgement.
pub const STREAMS_UNSEEN_MAX: usize = 256;
/// A record that we send, with its length and its sum: four fill the memory that they have.
/// Until all of one has come, nothing of it can be read: at 1 Mbit/s a quarter of a second.
pub const RECORD_SENT_BYTES: usize = 32 * 1024;
/// Memory for two of Noise's records, the longest of which has 65,535 bytes and two of
/// length: a connection has it while a part of one is in hand.
pub const RECORD_ROOM_BYTES: usize = 2 * (2 + 65_535);
/// Such memory that waits for the next records: 2 MiB for all connections.
pub const RECORD_ROOMS_KEPT: usize = 16;
/// Where memory has to begin that goes past the system's cache: what the largest sectors
/// want.
pub const DISK_ALIGNMENT_BYTES: usize = 4_096;
