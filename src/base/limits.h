/* SPDX-License-Identifier: MIT */
/* Every limit of the program, named, with its reason. */
#ifndef SWK_BASE_LIMITS_H
#define SWK_BASE_LIMITS_H

/* An upstream's name with its tag: fits a host name's room in proxy_pass. */
#define SWK_NAME_MAX 200

/* A host name: what the DNS has room for (RFC 1035, 2.3.4), as text. */
#define SWK_HOST_MAX 253

/* Upstreams of one service, one a colour, and places in them altogether: who registers many must
 * not take the time and the room of the others. */
#define SWK_COLOURS_MAX 64
#define SWK_PLACES_MAX 200000

/* A watch document, and Consul's answer about one service: 100,000 instances are about 156 MB. */
#define SWK_DOCUMENT_MAX (256UL * 1024 * 1024)

/* An answer about one service that is kept until it is known whether it is as the last one was:
 * some 150 instances. There are as many at once as requests. */
#define SWK_ANSWER_KEPT (256UL * 1024)

/* One instance in it. Consul keeps 4 KB of a check's output, so real ones have a few KB. */
#define SWK_ELEMENT_MAX (4UL * 1024 * 1024)

/* Room for the values of one instance, at once: of those that Consul writes, 16 KB. What finds no
 * room there is taken from malloc. */
#define SWK_JSON_BLOCK (64 * 1024)

/* A target's live state: 10,000 upstreams of 10 servers are 8.8 MB of /detail. */
#define SWK_LIVE_MAX (128UL * 1024 * 1024)

/* Our own files, read back. */
#define SWK_CONF_MAX (128UL * 1024 * 1024)
#define SWK_STATE_MAX (64UL * 1024 * 1024)
#define SWK_CHECKS_MAX (64UL * 1024 * 1024)

#define SWK_HOLD_MAX 4096

/* Who holds, and the reason, as they are shown in a line beside other things. */
#define SWK_HOLDER_MAX 64
#define SWK_REASON_MAX 240

/* Names remembered as deleted. A colour for each deployment makes many in the course of time. */
#define SWK_GONE_MAX 4096

/* A token, read from a file. */
#define SWK_TOKEN_MAX 4096

/* The settings file; routing tags in it, and the text between a name and a colour. */
#define SWK_SETTINGS_MAX (4UL * 1024 * 1024)
#define SWK_ROUTES_MAX 8
#define SWK_SEPARATOR_MAX 8

/* Targets of one run. */
#define SWK_TARGETS_MAX 64

/* What an operator may set: nginx takes more, nobody means it. */
#define SWK_MAX_FAILS_MAX 1000000
#define SWK_FAIL_TIMEOUT_MAX (24 * 60 * 60)
#define SWK_MAX_CONNS_MAX 999999999
#define SWK_KEEPALIVE_MAX 65535
#define SWK_KEEPALIVE_REQUESTS_MAX 1000000000
#define SWK_TIMEOUT_MAX 3600
#define SWK_MIN_SERVICES_MAX 1000000
#define SWK_MIN_HEALTHY_MAX 1000000
#define SWK_READ_INTERVAL_MAX 60

/* With fewer upstreams than this, any number of them may be deleted at once. */
#define SWK_DELETIONS_FROM 4

/* nginx's own range of a server's weight. */
#define SWK_WEIGHT_MAX 65535

/* Requests to Consul's agent under way at once; it allows a client 200 connections. */
#define SWK_CONSUL_PARALLEL 32

/* What an agent lets one address have of them unless it is told something else, and so what all but
 * its own watches may have. Each watch holds one, and around a reload two (measured). */
#define SWK_CONSUL_CONNECTIONS 200

/* One request: to get a connection, and as a whole. The run's deadline cuts both. An agent without
 * a leader holds a request for 7 s before it says so. */
#define SWK_CONSUL_CONNECT_MS 2000
#define SWK_CONSUL_REQUEST_MS 15000
/* A target is near, and others wait meanwhile. */
#define SWK_TARGET_CONNECT_MS 1000
#define SWK_TARGET_REQUEST_MS 5000
/* Seconds without a byte after which a question is given up. */
#define SWK_TARGET_QUIET_S 2

/* Of an answer that is an error, what is kept to be shown. */
#define SWK_HTTP_REASON_MAX 160

/* A target that answers "later", or drops or refuses the connection, is asked again for so long,
 * and so often where that is no burden. */
#define SWK_TARGET_PATIENCE_MS 2000
#define SWK_TARGET_PAUSE_MS 50

/* In a series of looks, what some workers have and others not comes and goes; a change made
 * meanwhile is seen once, or, while old and new workers answer, twice. */
#define SWK_SWITCHES_MIN 3
/* When a series of looks ends early: others wait. */
#define SWK_SAMPLES_MS 3000

/* To see what each of its workers has, where answers don't name the worker. Which of them a
 * connection reaches is chance, at worst: then so many looks miss one of two workers once in 2,000
 * times, and one of four once in eight. The next pass looks again. */
#define SWK_VERIFY_SAMPLES 12

/* Workers of one nginx that are told from each other. */
#define SWK_WORKERS_MAX 64

/* A body up to this goes into one packet of an Ethernet, its request's head included: nginx reads
 * it in no more than two pieces. Padded to that, it is more than nginx has room for in memory by
 * default (a quarter over client_body_buffer_size, and what came with the head), and goes through a
 * file. So often, it is sent again. */
#define SWK_TARGET_ONE_PACKET 1000
#define SWK_TARGET_PADDED 22000
#define SWK_CUTS_MAX 4

/* Upstreams that a target, though it answers, would not take: then the others are left to the next
 * run, too. */
#define SWK_TARGET_FAILURES_MAX 3

/* "Not sync": how often the queue is drained for one change before that is final. */
#define SWK_FLUSHES_MAX 5
/* Connections kept for that, each with a worker of its own, it is hoped: so many more where those
 * that there are don't do, and at most. */
#define SWK_LINES_AT_ONCE 4
#define SWK_LINES_MAX 64

/* Connections one after the other of which nginx gives as many to one worker (measured). */
#define SWK_ACCEPTS_IN_A_ROW 16

/* nginx's configuration as `swk lint` reads it: bytes, files (each as often as it is included) and
 * directives, all together, and blocks and includes within each other. A word is no longer than
 * nginx's own buffer (NGX_CONF_BUFFER). */
#define SWK_LINT_TEXT_MAX (256UL * 1024 * 1024)
#define SWK_LINT_FILES_MAX 10000
#define SWK_LINT_DIRECTIVES_MAX 4000000
#define SWK_LINT_DEPTH_MAX 64
#define SWK_LINT_WORD_MAX 4096

/* Notes of a report that are kept as text, the others being counted only. An agent keeps the last
 * 4 KB of what a handler prints, so more is of no use to it, but is to a person. */
#define SWK_NOTES_MAX 1000

/* The file of metrics, read back. Upstreams that it tells of: of more, only those that are not all
 * healthy. How long a run waits for another that writes it. */
#define SWK_METRICS_MAX (4UL * 1024 * 1024)
#define SWK_METRICS_UPSTREAMS 1000
#define SWK_METRICS_LOCK_MS 3000
/* swk status paints anew after so many seconds. */
#define SWK_WATCH_SECONDS 5
#define SWK_WATCH_SECONDS_MAX 3600

/* swk wait: how long, unless it is said, and at most; between two looks; and what a look may take
 * though the time is over. */
#define SWK_WAIT_SECONDS 300
#define SWK_WAIT_SECONDS_MAX 86400
#define SWK_WAIT_PAUSE_MS 1000
#define SWK_WAIT_SAMPLE_MS 3000

/* A message, one line. */
#define SWK_TEXT_MAX 1024

#endif
