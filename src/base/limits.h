/* SPDX-License-Identifier: MIT */
/* All limits of the program, with their reasons. */
#ifndef SWK_BASE_LIMITS_H
#define SWK_BASE_LIMITS_H

/* An upstream's name with its colour: fits the room for a host name in proxy_pass. */
#define SWK_NAME_MAX 200

/* A host name as text: the DNS's limit (RFC 1035, 2.3.4). */
#define SWK_HOST_MAX 253

/* Upstreams (colours) of one service, and places in all of them: a service that registers many must
 * not take the time and memory of the others. */
#define SWK_COLOURS_MAX 64
#define SWK_PLACES_MAX 200000

/* A watch's document, or Consul's answer about one service: 100,000 instances are about 156 MB. */
#define SWK_DOCUMENT_MAX (256UL * 1024 * 1024)

/* How much of an answer about one service is held until its hash tells whether it has changed: some
 * 150 instances. Each concurrent request holds one. */
#define SWK_ANSWER_KEPT (256UL * 1024)

/* One instance in it. Consul keeps 4 KB of a check's output, so real ones are a few KB. */
#define SWK_ELEMENT_MAX (4UL * 1024 * 1024)

/* Block for the JSON values of one instance; those that Consul writes need 16 KB. What doesn't fit
 * comes from malloc. */
#define SWK_JSON_BLOCK (64 * 1024)

/* A target's live state: 10,000 upstreams of 10 servers are 8.8 MB of /detail. */
#define SWK_LIVE_MAX (128UL * 1024 * 1024)

/* swk-apply's own files, read back. */
#define SWK_CONF_MAX (128UL * 1024 * 1024)
#define SWK_STATE_MAX (64UL * 1024 * 1024)
#define SWK_CHECKS_MAX (64UL * 1024 * 1024)

#define SWK_HOLD_MAX 4096

/* Holder and reason of a hold; they share a line with other things. */
#define SWK_HOLDER_MAX 64
#define SWK_REASON_MAX 240

/* Names remembered as deleted. A new colour for each deployment makes many over time. */
#define SWK_GONE_MAX 4096

/* A token, read from a file. */
#define SWK_TOKEN_MAX 4096

/* The settings file; its routing tags; the text between name and colour. */
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

/* With fewer upstreams, any number may be deleted at once. */
#define SWK_DELETIONS_FROM 4

/* nginx's limit for a server's weight. */
#define SWK_WEIGHT_MAX 65535

/* Concurrent requests to Consul's agent, which allows a client 200 connections. */
#define SWK_CONSUL_PARALLEL 32

/* An agent's default for the connections of one client address. `swk watches` leaves as many
 * besides its watches. Each watch holds one, and two around a reload (measured). */
#define SWK_CONSUL_CONNECTIONS 200

/* One request to Consul: the connection, and the whole request. The run's deadline cuts both short.
 * An agent without a leader waits 7 s before it says so. */
#define SWK_CONSUL_CONNECT_MS 2000
#define SWK_CONSUL_REQUEST_MS 15000
/* One request to a target. Targets are near, and other runs wait meanwhile. */
#define SWK_TARGET_CONNECT_MS 1000
#define SWK_TARGET_REQUEST_MS 5000
/* Seconds without a byte after which a GET is given up. */
#define SWK_TARGET_QUIET_S 2

/* How much of an error's body is kept for messages. */
#define SWK_HTTP_REASON_MAX 160

/* How long a target that answers "later", drops the connection or is unreachable is tried again;
 * and the pause between cheap retries. */
#define SWK_TARGET_PATIENCE_MS 2000
#define SWK_TARGET_PAUSE_MS 50

/* How often an upstream must come and go between samples before it counts as known to some workers
 * only. A change made meanwhile shows once, or twice while old and new workers answer. */
#define SWK_SWITCHES_MIN 3
/* A series of samples ends after this time, as other runs wait. */
#define SWK_SAMPLES_MS 3000

/* Samples of a target whose answers don't name the worker. At worst chance selects the worker. Then
 * 12 samples miss one of two workers once in 2,000 times, and one of four once in eight. The next
 * full run samples again. */
#define SWK_VERIFY_SAMPLES 12

/* Workers of one nginx that are told apart. */
#define SWK_WORKERS_MAX 64

/* Up to this size, a body and its request's head fit one Ethernet packet, so nginx reads the body
 * in at most two pieces. A body padded to the second size exceeds nginx's default room in memory (a
 * quarter over client_body_buffer_size, and what came with the head), and goes through a file. A
 * body that was cut is sent again this often. */
#define SWK_TARGET_ONE_PACKET 1000
#define SWK_TARGET_PADDED 22000
#define SWK_CUTS_MAX 4

/* After this many upstreams that a target answers but does not take, the rest wait for the next
 * run. */
#define SWK_TARGET_FAILURES_MAX 3

/* "Not sync": how often one change flushes the queue before it fails. */
#define SWK_FLUSHES_MAX 5
/* Connections kept for flushing, each to another worker if possible: how many are added if the
 * present ones don't suffice, and how many there may be. */
#define SWK_LINES_AT_ONCE 4
#define SWK_LINES_MAX 64

/* nginx gives up to this many connections in a row to one worker (measured). */
#define SWK_ACCEPTS_IN_A_ROW 16

/* What `swk lint` reads of nginx's configuration, in total: bytes, files (each as often as it is
 * included) and directives; then the nesting of blocks and includes. A word is limited by nginx's
 * own buffer (NGX_CONF_BUFFER). */
#define SWK_LINT_TEXT_MAX (256UL * 1024 * 1024)
#define SWK_LINT_FILES_MAX 10000
#define SWK_LINT_DIRECTIVES_MAX 4000000
#define SWK_LINT_DEPTH_MAX 64
#define SWK_LINT_WORD_MAX 4096

/* Notes of a report that are kept as text; others are only counted. An agent keeps the last 4 KB of
 * a handler's output, but a person can use more. */
#define SWK_NOTES_MAX 1000

/* The metrics file, read back. With more upstreams than the second, it lists only those that are
 * not all healthy. The third is how long a run waits for another that writes it. */
#define SWK_METRICS_MAX (4UL * 1024 * 1024)
#define SWK_METRICS_UPSTREAMS 1000
#define SWK_METRICS_LOCK_MS 3000

/* Mistakes in a settings file that are looked for. */
#define SWK_FAULTS_MAX 50
/* On a terminal: after how long a run shows its progress, and the time between two updates. */
#define SWK_PROGRESS_AFTER_MS 1000
#define SWK_PROGRESS_EVERY_MS 100
/* swk wait: default and longest wait; pause between two counts; time that the last count may take
 * after the wait is over. */
#define SWK_WAIT_SECONDS 300
#define SWK_WAIT_SECONDS_MAX 86400
#define SWK_WAIT_PAUSE_MS 1000
#define SWK_WAIT_SAMPLE_MS 3000

/* A message, one line. */
#define SWK_TEXT_MAX 1024

#endif
