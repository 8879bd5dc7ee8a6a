/* SPDX-License-Identifier: MIT */
/* Every limit of the program, with its reason. */
#ifndef SWK_BASE_LIMITS_H
#define SWK_BASE_LIMITS_H

/* The name of an upstream with its colour, in bytes. It fits where proxy_pass has a host name. */
#define SWK_NAME_MAX 200

/* A host name, in bytes: the limit of DNS (RFC 1035, 2.3.4). */
#define SWK_HOST_MAX 253

/* Colours of one service, and places in all its upstreams: an instance takes a place in each of its
 * upstreams. A service that registers many must not take the time and memory of the others. */
#define SWK_COLOURS_MAX 64
#define SWK_PLACES_MAX 200000

/* The URL of a target, in bytes. It is the target's name in messages and in FILE.state, so both
 * must have room for it. */
#define SWK_URL_MAX 500

/* How much of a URL a message has, in bytes, with a NUL. A filter may make it long, and the reason
 * comes after it. */
#define SWK_URL_SHOWN 500

/* A document, or Consul's answer about one service, in bytes. 100,000 instances take 156 MB. */
#define SWK_DOCUMENT_MAX (256UL * 1024 * 1024)

/* An answer about one service up to this size, about 150 instances, stays in memory until its hash
 * shows whether it has changed. Each concurrent request has one such buffer. */
#define SWK_ANSWER_KEPT (256UL * 1024)

/* One instance in a document, in bytes. Consul keeps 4 KB of a check's output, so a real instance
 * has a few KB. */
#define SWK_ELEMENT_MAX (4UL * 1024 * 1024)

/* The block for the JSON values of one instance; one that Consul wrote needs 16 KB. The rest comes
 * from malloc, and if that fails, from another block of this size. */
#define SWK_JSON_BLOCK (64UL * 1024)

/* A target's live state: 10,000 upstreams of 10 servers are 8.8 MB of /detail. */
#define SWK_LIVE_MAX (128UL * 1024 * 1024)

/* Files that swk-apply wrote and reads back, in bytes. */
#define SWK_CONF_MAX (128UL * 1024 * 1024)
#define SWK_STATE_MAX (64UL * 1024 * 1024)
#define SWK_CHECKS_MAX (64UL * 1024 * 1024)

#define SWK_HOLD_MAX 4096

/* FILE.journal, in bytes: the most that `journal_size` allows. FILE.journal.old is as large. */
#define SWK_JOURNAL_MAX 67108864

/* The share of `journal_size` that one line may have: a quarter. Then the bytes of text about
 * instances that a run collects for the journal: enough for 100,000 instances. */
#define SWK_JOURNAL_SHARE 4
#define SWK_CAUSES_MAX (8UL * 1024 * 1024)

/* The journal gets a message about what a guard holds back, and the same message again only after
 * this time. The second limit is how many of the last changes a run searches for the message. The
 * third is how many such messages a change has. */
#define SWK_JOURNAL_AGAIN_S 3600
#define SWK_JOURNAL_RECENT 50
#define SWK_JOURNAL_MESSAGES 20

/* A run writes the conf file soon after its line in the journal. How long `swk history` and the
 * page wait for that, and how often they look. */
#define SWK_HISTORY_WAIT_MS 500
#define SWK_HISTORY_PAUSE_MS 10

/* Holder and reason of a hold, in bytes; a message has both in one line. */
#define SWK_HOLDER_MAX 64
#define SWK_REASON_MAX 240

/* If a target rejects a change, FILE can go back to an upstream of at most this many servers. A
 * copy of a larger one would take as much memory as a large document. */
#define SWK_CONFIRMED_SERVERS_MAX 10000

/* Names remembered as deleted. Deployments that each use a new colour leave many. */
#define SWK_GONE_MAX 4096

/* A token file, in bytes. */
#define SWK_TOKEN_MAX 4096

/* If the token or settings file is a pipe, as with `<(command)`: how long to wait for its end. */
#define SWK_PIPE_MS 5000

/* The settings file, in bytes; its routing tags; bytes between name and colour. */
#define SWK_SETTINGS_MAX (4UL * 1024 * 1024)
#define SWK_ROUTES_MAX 8
#define SWK_SEPARATOR_MAX 8

/* Targets in one run. */
#define SWK_TARGETS_MAX 64

/* Upper bounds of settings. nginx accepts more, but such values are mistakes. */
#define SWK_MAX_FAILS_MAX 1000000
#define SWK_FAIL_TIMEOUT_MAX (24 * 60 * 60)
#define SWK_MAX_CONNS_MAX 999999999
#define SWK_KEEPALIVE_MAX 65535
#define SWK_KEEPALIVE_REQUESTS_MAX 1000000000
#define SWK_TIMEOUT_MAX 3600
#define SWK_MIN_SERVICES_MAX 1000000
#define SWK_MIN_HEALTHY_MAX 1000000
#define SWK_READ_INTERVAL_MAX 60

/* With fewer upstreams than this, any number may be deleted at once. */
#define SWK_DELETIONS_FROM 4

/* nginx's limit for a server's weight. */
#define SWK_WEIGHT_MAX 65535

/* Concurrent requests to Consul's agent, which allows a client 200 connections. */
#define SWK_CONSUL_PARALLEL 32

/* An agent's default for the connections of one client address. `swk watches` raises it, and adds
 * two for each watch: a watch holds one, and two during a reload (measured). */
#define SWK_CONSUL_CONNECTIONS 200

/* One request to Consul: the connection, and the whole request. The run's deadline may shorten
 * both. An agent without a leader takes 7 s to report that. */
#define SWK_CONSUL_CONNECT_MS 2000
#define SWK_CONSUL_REQUEST_MS 15000
/* A request about another datacenter. Shorter, because that may hang for minutes before Consul
 * finds out, and other runs wait for the lock meanwhile. */
#define SWK_CONSUL_ELSEWHERE_MS 5000
/* How long to repeat queries while none succeeds: a leader election is mostly over within a second
 * or two. The pauses allow ten tries. */
#define SWK_CONSUL_PATIENCE_MS 2000
/* The percentage of its remaining time that a run may spend on Consul. A service without an answer
 * by then stays as it is. The rest is for the targets: sending needs no answer of Consul. */
#define SWK_CONSUL_SHARE 66
/* The same for a target. Shorter, because targets are near and other runs wait meanwhile. */
#define SWK_TARGET_CONNECT_MS 1000
#define SWK_TARGET_REQUEST_MS 5000
/* A GET fails after this many seconds without a byte. */
#define SWK_TARGET_QUIET_S 2

/* While others wait, how long a target may be silent while it is read and while it is changed; and
 * how often to check that. An upstream of 100,000 servers takes 0.6 s (the tests' stand-in). */
#define SWK_TARGET_READ_SILENT_MS 500
#define SWK_TARGET_CHANGE_SILENT_MS 1000
#define SWK_TARGET_TICK_MS 20

/* A program that a run starts: the bytes of its output that the run keeps, the bytes with a NUL
 * that a message quotes, and the time between SIGTERM and SIGKILL. */
#define SWK_PROGRAM_OUTPUT_MAX 4096
#define SWK_PROGRAM_LINE_MAX 501
#define SWK_PROGRAM_END_MS 1000

/* How long a command of a target may take, unless its settings say so. */
#define SWK_COMMAND_SECONDS 10

/* How long a target with a file of its own waits while another one is checked and loaded. */
#define SWK_TARGET_TURN_SECONDS 1

/* If `swk reload` has left no result after this time, a run replaces the file again. */
#define SWK_TARGET_AGAIN_MS 1000

/* How long a run waits for that result if an earlier run has not got one. */
#define SWK_TARGET_VAIN_MS 2000

/* The message in FILE.NAME.result, in bytes; children of a proxy's master process. */
#define SWK_RESULT_MAX 800
#define SWK_CHILDREN_MAX 1024

/* How much of an error response a message quotes, in bytes. */
#define SWK_HTTP_REASON_MAX 160

/* How long to retry a target that answers "later", drops the connection or is unreachable; and the
 * pause between cheap retries. */
#define SWK_TARGET_PATIENCE_MS 2000
#define SWK_TARGET_PAUSE_MS 50

/*
 * How often an upstream must appear or disappear between samples before it counts as known to some
 * workers only. A change made meanwhile shows as one switch, or two while old and new workers
 * answer.
 */
#define SWK_SWITCHES_MIN 3
/* A series of samples ends after this time, because other runs wait. */
#define SWK_SAMPLES_MS 3000

/*
 * Samples of a target whose answers don't name the worker. If chance selects the worker, 12 samples
 * miss one of two workers once in 2,000 runs, and one of four once in eight. The next full run
 * samples again.
 */
#define SWK_VERIFY_SAMPLES 12

/* Parts of a target, such as nginx's workers, that a run distinguishes. */
#define SWK_PARTS_MAX 64

/*
 * Request bodies in bytes. Up to the first size, head and body fit one Ethernet packet, and nginx
 * reads the body in at most two pieces. If a body is padded to the second size, nginx puts it into
 * a file: by default it keeps five quarters of client_body_buffer_size in memory, and what came
 * with the head. The third is how often to resend a body that arrived truncated.
 */
#define SWK_TARGET_ONE_PACKET 1000
#define SWK_TARGET_PADDED 22000
#define SWK_CUTS_MAX 4

/* After a target has answered this many upstreams without accepting them, the rest wait for the
 * next run. */
#define SWK_TARGET_FAILURES_MAX 3

/* How often one change flushes the dyups queue after "not sync" before it fails. */
#define SWK_FLUSHES_MAX 5
/* Connections kept for flushing, each to another worker if possible: how many to add at once if the
 * present ones are too few, and the maximum. */
#define SWK_LINES_AT_ONCE 4
#define SWK_LINES_MAX 64

/* One nginx worker may get this many new connections in a row (measured). */
#define SWK_ACCEPTS_IN_A_ROW 16

/*
 * What `swk lint` reads of nginx's configuration in total: bytes; files, each counted as often as
 * it is included; directives. Then the depth of blocks and includes, and the bytes of a word, which
 * nginx's own buffer (NGX_CONF_BUFFER) limits.
 */
#define SWK_LINT_TEXT_MAX (256UL * 1024 * 1024)
#define SWK_LINT_FILES_MAX 10000
#define SWK_LINT_DIRECTIVES_MAX 4000000
#define SWK_LINT_DEPTH_MAX 64
#define SWK_LINT_WORD_MAX 4096

/* Notes that a report keeps as text; it only counts the others. An agent keeps only the last 4 KB
 * of a handler's output, but a person can use more. */
#define SWK_NOTES_MAX 1000

/*
 * The metrics file, in bytes. If there are more upstreams than the second limit, the file lists
 * only those with an unhealthy instance. The third is how long a run waits for another run that
 * writes the file.
 */
#define SWK_METRICS_MAX (4UL * 1024 * 1024)
#define SWK_METRICS_UPSTREAMS 1000
#define SWK_METRICS_LOCK_MS 3000

/* The page. The numbers limit its size. */
#define SWK_PAGE_MAX (64UL * 1024 * 1024) /* bytes */
#define SWK_PAGE_CHANGES 10		  /* the last changes */
#define SWK_PAGE_CHANGED 6		  /* upstreams of a change, and servers of each */
#define SWK_PAGE_UPSTREAMS 10000	  /* upstreams of a section */
#define SWK_PAGE_SERVERS 100		  /* servers of an upstream */
#define SWK_PAGE_SERVER_ROWS 50000	  /* servers in a section */
#define SWK_PAGE_ROWS 200		  /* messages, and rows of other tables */
#define SWK_PAGE_OPEN 12      /* upstreams of a section that shows their servers at once */
#define SWK_PAGE_READ_MS 5000 /* how long a run that ended early may read targets for it */

/* After this many mistakes, reading of the settings file stops. */
#define SWK_FAULTS_MAX 50
/* A run that has not ended this long after its deadline is ended: it waits for something that has
 * no limit of its own. Until then, it may still compute and write. */
#define SWK_GRACE_MS 10000
/* On a terminal: the time before a run shows its progress, and between two updates. */
#define SWK_PROGRESS_AFTER_MS 1000
#define SWK_PROGRESS_EVERY_MS 100
/* `swk wait`: default and longest wait; pause between two counts; how long the last count may take
 * after the wait has ended. `swk drain` on one host has the last two, too. */
#define SWK_WAIT_SECONDS 300
#define SWK_WAIT_SECONDS_MAX 86400
#define SWK_WAIT_PAUSE_MS 1000
#define SWK_WAIT_SAMPLE_MS 3000

/* Requests of a fleet. */
#define SWK_REQUESTS_MAX 256		    /* that a host answers at the same time */
#define SWK_REQUEST_SERVICES_MAX 64	    /* services in one */
#define SWK_REQUEST_BYTES_MAX (16UL * 1024) /* the value of a request or an acknowledgement */
#define SWK_NODE_MAX 255		    /* the name of a node of Consul, in bytes */
#define SWK_ACK_REASON_MAX 400		    /* the reason in an acknowledgement, with a NUL */
#define SWK_ACK_VERSION_MAX 32		    /* the version in an acknowledgement, with a NUL */
#define SWK_ACKS_MAX 65536		    /* acknowledgements that are read at once */
#define SWK_HOSTS_MAX 10000		    /* hosts of a fleet */
/* A run that answers requests reads the targets again after this pause, which doubles four times.
 * It stops when only the second time is left. */
#define SWK_REQUEST_PAUSE_MS 60
#define SWK_REQUEST_RESERVE_MS 3000
/* A proxy that is reloading may have read FILE before it changed, and may start its new workers
 * after the old ones were asked. This time is longer than nginx takes from reading the file to
 * starting the workers: 0.2 s with 10,000 upstreams, 0.85 s with 30,000 (measured, Tengine
 * 3.2.0). */
#define SWK_RELOADING_MS 1000
/* Other answers of Consul's agent, in bytes: a service, a session, the keys of a host. */
#define SWK_CALL_ANSWER_MAX (1024UL * 1024)
/* How long Consul may delay an answer until something changes, in seconds. */
#define SWK_CONSUL_WAIT_S 1

/* A requester. */
#define SWK_REQUESTER_TTL_S 10 /* its session without a renewal: the least that Consul allows */
#define SWK_REQUESTER_RENEW_MS 3000 /* between two renewals */
#define SWK_REQUESTER_CALL_MS 4000  /* one call of Consul */
#define SWK_REQUESTER_LIST_MS 1000  /* between two readings of the list of hosts */
#define SWK_REQUESTER_PAUSE_MS 20   /* between two readings of the answers, so that more may come */
#define SWK_FLEET_SECONDS 60	    /* the wait of `swk drain` and `swk resync` for the hosts */
#define SWK_FLEET_PING_SECONDS 3    /* that of `swk fleet` */
/* `swk drain`. */
#define SWK_DRAIN_GRACE_S 10   /* how long to wait until connections end */
#define SWK_DRAIN_READ_MS 50   /* between two readings of the connections */
#define SWK_DRAIN_QUIET_MS 200 /* without any connection: a proxy may be about to connect */

/* Lines of the kernel's table of TCP sockets: ten times as many as an address has ports. */
#define SWK_SOCKETS_MAX 655360

/* A message, or a line of a file that swk-apply reads back: in bytes, with its NUL. */
#define SWK_TEXT_MAX 1024

#endif
