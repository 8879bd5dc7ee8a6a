/* SPDX-License-Identifier: MIT */
#include "decide.h"
#include "model/service.h"

/* Settings without a file. */
static struct swk_settings plain_settings;
static struct swk_policy plain;

/* ---- kept and deleted ---- */

static void kept_and_deleted(void **state)
{
	static const struct decision rows[] = {
		{.row = "unchanged",
		 .recorded = "web: 10.0.0.1:80",
		 .registry = "web@10.0.0.1:80",
		 .desired = "web: 10.0.0.1:80"},
		{.row = "another server",
		 .recorded = "web: 10.0.0.1:80",
		 .registry = "web@10.0.0.2:80",
		 .desired = "web: 10.0.0.2:80"},
		{.row = "a colour has registered instances, none healthy",
		 .recorded = "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .registry = "web@10.0.0.1:80 web@10.0.0.3:80+gray=a!critical",
		 .desired = "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .noted = "k",
		 .says = "upstream web_a: kept with its last 1 server: none of its instances"},
		{.row = "the same for the one without colour",
		 .recorded = "web: 10.0.0.1:80 10.0.0.4:80; web_a<web gray=a>: 10.0.0.2:80",
		 .registry = "web@10.0.0.1:80!warning web@10.0.0.2:80+gray=a",
		 .desired = "web: 10.0.0.1:80 10.0.0.4:80; web_a<web gray=a>: 10.0.0.2:80",
		 .noted = "k",
		 .says = "upstream web: kept with its last 2 servers"},
		{.row = "healthy, but none is usable",
		 .recorded = "web: 10.0.0.1:80",
		 .registry = "web@nowhere:80",
		 .desired = "web: 10.0.0.1:80",
		 .noted = "sk"},
		{.row = "a colour has no registered instance, its service has others",
		 .recorded = "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .registry = "web@10.0.0.1:80",
		 .desired = "web: 10.0.0.1:80"},
		{.row = "the same, but Consul did not confirm it",
		 .recorded = "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .registry = "web@10.0.0.3:80 web^",
		 .desired = "web: 10.0.0.3:80; web_a<web gray=a>: 10.0.0.2:80",
		 .noted = "k",
		 .says = "upstream web_a: kept with its last 1 server: Consul could not be asked"},
		{.row = "only critical ones, which Consul did not confirm",
		 .config = "{\"defaults\": {\"empty\": \"delete\"}}",
		 .recorded = "web: 10.0.0.1:80",
		 .registry = "web@10.0.0.3:80!critical web^",
		 .desired = "web: 10.0.0.1:80",
		 .noted = "k"},
		{.row = "the token may not read all of the service",
		 .recorded = "web: 10.0.0.1:80 10.0.0.2:80 10.0.0.4:80,down; "
			     "web_a<web gray=a>: 10.0.0.2:80",
		 .registry = "web@10.0.0.1:80!critical web@10.0.0.3:80 web|",
		 .desired = "web: 10.0.0.2:80 10.0.0.3:80; web_a<web gray=a>: 10.0.0.2:80",
		 .noted = "k",
		 .says = "upstream web_a: kept with its last 1 server: the token may not read"},
		{.row = "the same with a host name, which is not allowed any more",
		 .recorded = "web: 10.0.0.1:80 backend.example:80",
		 .registry = "web@10.0.0.1:80 web|",
		 .desired = "web: 10.0.0.1:80"},
		{.row = "the same, and its only server may have moved",
		 .recorded = "web: 10.0.0.1:80",
		 .registry = "web@10.0.0.1:80!critical web|",
		 .config = "{\"defaults\": {\"empty\": \"down\"}}",
		 .desired = "web: 10.0.0.1:80",
		 .noted = "k"},
		{.row = "the token may not read any of the service",
		 .recorded = "web: 10.0.0.1:80",
		 .registry = "web|",
		 .complete = true,
		 .config = "{\"defaults\": {\"empty\": \"delete\"}}",
		 .desired = "web: 10.0.0.1:80",
		 .noted = "k"},
		{.row = "the service has more than is read",
		 .recorded = "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .registry = "web@10.0.0.3:80 web$",
		 .desired = "web: 10.0.0.3:80; web_a<web gray=a>: 10.0.0.2:80",
		 .noted = "k"},
		{.row = "its service has others, though not healthy",
		 .recorded = "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .registry = "web@10.0.0.1:80!critical",
		 .desired = "web: 10.0.0.1:80",
		 .noted = "k"},
		{.row = "the service has moved to a colour",
		 .recorded = "web: 10.0.0.1:80",
		 .registry = "web@10.0.0.1:80+gray=a",
		 .desired = "web_a<web gray=a>: 10.0.0.1:80"},
		{.row = "no instance left, but the list has it",
		 .recorded = "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .registry = "web",
		 .complete = true,
		 .desired = "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .noted = "kk",
		 .says = "its service has no registered instance"},
		{.row = "no instance left, as only its own document says",
		 .recorded = "web: 10.0.0.1:80",
		 .registry = "web",
		 .desired = "web: 10.0.0.1:80",
		 .noted = "k"},
		{.row = "the list no longer has it",
		 .recorded = "api: 10.0.0.9:80; web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .registry = "api@10.0.0.9:80",
		 .complete = true,
		 .desired = "api: 10.0.0.9:80"},
		{.row = "a document of another service",
		 .recorded = "api: 10.0.0.9:80; web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .registry = "api@10.0.0.8:80",
		 .desired = "api: 10.0.0.8:80; web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80"},
		{.row = "unavailable",
		 .recorded = "api: 10.0.0.9:80; web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .registry = "api@10.0.0.8:80 web~",
		 .complete = true,
		 .desired = "api: 10.0.0.8:80; web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .noted = "kk",
		 .says = "Consul could not be asked about its service"},
		{.row = "unavailable, and there is nothing to keep",
		 .registry = "web~",
		 .complete = true,
		 .desired = ""},
		/* undecodable registrations */
		{.row = "an undecodable instance of the service may belong to a colour",
		 .recorded = "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .registry = "web@10.0.0.1:80 web?",
		 .desired = "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .noted = "k",
		 .says = "upstream web_a: kept with its last 1 server: an undecodable instance may "
			 "belong to it"},
		{.row = "an undecodable instance of an unknown service, too",
		 .recorded = "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .registry = "web@10.0.0.1:80 ?",
		 .desired = "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .noted = "k"},
		{.row = "only an undecodable instance",
		 .recorded = "web: 10.0.0.1:80",
		 .registry = "web?",
		 .desired = "web: 10.0.0.1:80",
		 .noted = "k",
		 .says = "its service has no instance that can be decoded"},
		{.row = "an undecodable instance of another service",
		 .recorded = "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .registry = "web@10.0.0.1:80 api?",
		 .desired = "web: 10.0.0.1:80"},
		{.row = "the other instances are served",
		 .recorded = "web: 10.0.0.1:80",
		 .registry = "web@10.0.0.2:80 web?",
		 .desired = "web: 10.0.0.2:80"},
		/* case */
		{.row = "a service whose name differs in case is another",
		 .recorded = "web: 10.0.0.1:80",
		 .registry = "Web",
		 .desired = "web: 10.0.0.1:80"},
		/* attributes: kept upstreams do not change */
		{.row = "unknown source, document of another service",
		 .recorded = "api<>: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80",
		 .desired = "api<>: 10.0.0.9:80; web: 10.0.0.1:80"},
		{.row = "unknown source, complete run",
		 .recorded = "api<>: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80",
		 .complete = true,
		 .desired = "api<>: 10.0.0.9:80; web: 10.0.0.1:80",
		 .decisions = ""},
		{.row = "unknown source, undecodable instance of an unknown service",
		 .recorded = "api<>: 10.0.0.9:80; web: 10.0.0.8:80",
		 .registry = "?",
		 .complete = true,
		 .desired = "api<>: 10.0.0.9:80"},
		{.row = "kept with all it has",
		 .recorded = "web: 10.0.0.1:80,weight=5,backup keepalive=7",
		 .registry = "web",
		 .desired = "web: 10.0.0.1:80,weight=5,backup keepalive=7",
		 .noted = "k"},
	};

	(void)state;
	decide(rows, COUNT(rows));
}

/* ---- no usable instance ---- */

#define DOWN "{\"defaults\": {\"empty\": \"down\"}}"
#define DELETE "{\"defaults\": {\"empty\": \"delete\"}}"
#define NOBODY "127.0.0.1:1,down"

static void empty_upstreams(void **state)
{
	static const struct decision rows[] = {
		{.row = "kept",
		 .recorded = "web: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80!critical",
		 .desired = "web: 10.0.0.9:80",
		 .noted = "k",
		 .decisions = "web kept: none of its instances in Consul is passing and usable"},
		{.row = "nothing to keep",
		 .registry = "web@10.0.0.1:80!critical",
		 .desired = "",
		 .says = "upstream web: not served: none of its instances",
		 .decisions =
			 "web left out: none of its instances in Consul is passing and usable"},
		/* down */
		{.row = "down",
		 .config = DOWN,
		 .recorded = "web: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80!critical",
		 .desired = "web: " NOBODY,
		 .noted = "w",
		 .says = "upstream web: down: none of its instances",
		 .decisions = "web down: none of its instances in Consul is passing and usable"},
		{.row = "down, also if FILE has no such upstream",
		 .config = DOWN,
		 .registry = "web@10.0.0.1:80!critical web@10.0.0.1:80+gray=a!critical",
		 .desired = "web: " NOBODY "; web_a<web gray=a>: " NOBODY,
		 .noted = "ww"},
		{.row = "down, with the servers that are marked down",
		 .config = "{\"defaults\": {\"empty\": \"down\", \"critical\": \"down\"}}",
		 .recorded = "web: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80!critical web@10.0.0.2:80!maintenance",
		 .desired = "web: 10.0.0.1:80,down",
		 .noted = "w"},
		{.row = "down again is the same",
		 .config = DOWN,
		 .recorded = "web: " NOBODY,
		 .registry = "web@10.0.0.1:80!critical",
		 .desired = "web: " NOBODY,
		 .noted = "w"},
		{.row = "and back",
		 .config = DOWN,
		 .recorded = "web: " NOBODY,
		 .registry = "web@10.0.0.1:80",
		 .desired = "web: 10.0.0.1:80"},
		/* delete */
		{.row = "deleted",
		 .config = DELETE,
		 .recorded = "web: 10.0.0.9:80; web_a<web gray=a>: 10.0.0.8:80",
		 .registry = "web@10.0.0.1:80!critical web@10.0.0.2:80+gray=a",
		 .desired = "web_a<web gray=a>: 10.0.0.2:80",
		 .decisions =
			 "web left out: none of its instances in Consul is passing and usable"},
		/* a server that is marked down is not usable */
		{.row = "all marked down, kept as they were",
		 .config = "{\"defaults\": {\"critical\": \"down\"}}",
		 .recorded = "web: 10.0.0.1:80",
		 .registry = "web@10.0.0.1:80!critical",
		 .desired = "web: 10.0.0.1:80",
		 .noted = "k"},
		{.row = "one is not marked down",
		 .config = "{\"defaults\": {\"critical\": \"down\"}}",
		 .recorded = "web: 10.0.0.1:80",
		 .registry = "web@10.0.0.1:80!critical web@10.0.0.2:80",
		 .desired = "web: 10.0.0.1:80,down 10.0.0.2:80,max_fails=0"},
		{.row = "all marked down, deleted",
		 .config = "{\"defaults\": {\"critical\": \"down\", \"empty\": \"delete\"}}",
		 .recorded = "web: 10.0.0.1:80",
		 .registry = "web@10.0.0.1:80!critical",
		 .desired = ""},
		/* a host name that is not allowed any more */
		{.row = "not kept with a host name",
		 .recorded = "web: backend.example:80",
		 .registry = "web@10.0.0.1:80!critical",
		 .desired = "",
		 .says = "upstream web: not served: its last servers have host names, which "
			 "allow_hostnames does not allow",
		 .decisions = "web left out: its last servers have host names, which "
			      "allow_hostnames does not allow"},
		{.row = "nor with a host name among others",
		 .recorded = "web: 10.0.0.9:80 backend.example:80",
		 .registry = "web@nowhere:80",
		 .desired = "",
		 .noted = "s"},
		{.row = "kept with a host name that is allowed",
		 .config = "{\"services\": {\"web\": {\"allow_hostnames\": true}}}",
		 .recorded = "api: backend.example:80; web: backend.example:80",
		 .registry = "web@10.0.0.1:80!critical api@10.0.0.1:80!critical",
		 .desired = "web: backend.example:80",
		 .noted = "k"},
		{.row = "no matter if other instances are usable",
		 .recorded = "web: backend.example:80",
		 .registry = "web@10.0.0.1:80",
		 .desired = "web: 10.0.0.1:80"},
		/* unusable instances, and instances without a check */
		{.row = "not usable, and deleted",
		 .config = DELETE,
		 .recorded = "web: 10.0.0.1:80",
		 .registry = "web@nowhere:80",
		 .desired = "",
		 .noted = "s"},
		{.row = "not usable, and down",
		 .config = DOWN,
		 .registry = "web@nowhere:80",
		 .desired = "web: " NOBODY,
		 .noted = "sw"},
		/* an undecodable instance may belong to it */
		{.row = "undecodable, so kept and not down",
		 .config = DOWN,
		 .recorded = "web: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80!critical web?",
		 .desired = "web: 10.0.0.9:80",
		 .noted = "k"},
		{.row = "undecodable, so kept and not deleted",
		 .config = DELETE,
		 .recorded = "web: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80!critical ?",
		 .desired = "web: 10.0.0.9:80",
		 .noted = "k"},
		{.row = "undecodable, and nothing to keep",
		 .config = DOWN,
		 .registry = "web@10.0.0.1:80!critical web?",
		 .desired = ""},
		{.row = "undecodable, none else registered",
		 .config = DELETE,
		 .recorded = "web: 10.0.0.9:80",
		 .registry = "web?",
		 .complete = true,
		 .desired = "web: 10.0.0.9:80",
		 .noted = "k"},
		{.row = "unavailable",
		 .config = DELETE,
		 .recorded = "web: 10.0.0.9:80",
		 .registry = "web~",
		 .complete = true,
		 .desired = "web: 10.0.0.9:80",
		 .noted = "k",
		 .decisions = "web kept: Consul could not be asked about its service"},
		/* listed without an instance */
		{.row = "listed, kept",
		 .recorded = "web: 10.0.0.9:80",
		 .registry = "web",
		 .complete = true,
		 .desired = "web: 10.0.0.9:80",
		 .noted = "k"},
		{.row = "listed, down",
		 .config = DOWN,
		 .recorded = "web: 10.0.0.9:80; web_a<web gray=a>: 10.0.0.8:80",
		 .registry = "web",
		 .complete = true,
		 .desired = "web: " NOBODY "; web_a<web gray=a>: " NOBODY,
		 .noted = "ww"},
		{.row = "listed, deleted",
		 .config = DELETE,
		 .recorded = "web: 10.0.0.9:80",
		 .registry = "web",
		 .complete = true,
		 .desired = "",
		 .decisions = "web left out: its service has no registered instance"},
		{.row = "an empty document always keeps: down",
		 .config = DOWN,
		 .recorded = "web: 10.0.0.9:80",
		 .registry = "web",
		 .desired = "web: 10.0.0.9:80",
		 .noted = "k"},
		{.row = "an empty document always keeps: delete",
		 .config = DELETE,
		 .recorded = "web: 10.0.0.9:80",
		 .registry = "web",
		 .desired = "web: 10.0.0.9:80",
		 .noted = "k"},
		{.row = "by service",
		 .config = "{\"services\": {\"web\": {\"empty\": \"delete\"}}}",
		 .recorded = "api: 10.0.0.9:80; web: 10.0.0.9:80",
		 .registry = "web api",
		 .complete = true,
		 .desired = "api: 10.0.0.9:80",
		 .noted = "k"},
	};

	(void)state;
	decide(rows, COUNT(rows));
}

/* ---- too few usable instances ---- */

#define FLOOR(share) "{\"defaults\": {\"critical\": \"down\", \"min_healthy\": " share "}}"

static void min_healthy(void **state)
{
	static const struct decision rows[] = {
		{.row = "enough",
		 .config = FLOOR("2"),
		 .recorded = "web: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80 web@10.0.0.2:80 web@10.0.0.3:80!critical",
		 .desired = "web: 10.0.0.1:80 10.0.0.2:80 10.0.0.3:80,down"},
		{.row = "fewer: one that is down does not count",
		 .config = FLOOR("2"),
		 .recorded = "web: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80 web@10.0.0.3:80!critical",
		 .desired = "web: 10.0.0.9:80",
		 .noted = "k",
		 .decisions =
			 "web kept: fewer of its instances are usable than min_healthy requires"},
		{.row = "not more than are registered",
		 .config = FLOOR("5"),
		 .recorded = "web: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80 web@10.0.0.2:80",
		 .desired = "web: 10.0.0.1:80 10.0.0.2:80"},
		{.row = "nothing to keep",
		 .config = FLOOR("2"),
		 .registry = "web@10.0.0.1:80 web@10.0.0.3:80!critical",
		 .desired = "web: 10.0.0.1:80,max_fails=0 10.0.0.3:80,down"},
		{.row = "half of them",
		 .config = FLOOR("\"50%\""),
		 .recorded = "web: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80 web@10.0.0.3:80!critical",
		 .desired = "web: 10.0.0.1:80,max_fails=0 10.0.0.3:80,down"},
		{.row = "a little more than half of them",
		 .config = FLOOR("\"51%\""),
		 .recorded = "web: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80 web@10.0.0.3:80!critical",
		 .desired = "web: 10.0.0.9:80",
		 .noted = "k"},
		{.row = "each upstream by itself",
		 .config = FLOOR("\"60%\""),
		 .recorded = "web: 10.0.0.9:80; web_a<web gray=a>: 10.0.0.8:80",
		 .registry = "web@10.0.0.1:80 web@10.0.0.2:80!critical web@10.0.0.3:80+gray=a",
		 .desired = "web: 10.0.0.9:80; web_a<web gray=a>: 10.0.0.3:80",
		 .noted = "k"},
		{.row = "none usable: min_healthy does not apply",
		 .config = "{\"defaults\": {\"empty\": \"delete\", \"min_healthy\": 1}}",
		 .recorded = "web: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80!critical",
		 .desired = ""},
		{.row = "marked down by its own tag",
		 .config = "{\"defaults\": {\"min_healthy\": 2}}",
		 .recorded = "web: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80 web@10.0.0.2:80+nginx:down",
		 .desired = "web: 10.0.0.9:80",
		 .noted = "k"},
		{.row = "two at one address are two",
		 .config = FLOOR("2"),
		 .recorded = "web: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80 web@10.0.0.1:80",
		 .desired = "web: 10.0.0.1:80"},
		{.row = "also as a share",
		 .config = FLOOR("\"60%\""),
		 .recorded = "web: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80 web@10.0.0.1:80 web@10.0.0.2:80!critical",
		 .desired = "web: 10.0.0.1:80,max_fails=0 10.0.0.2:80,down"},
		{.row = "two at one address, one of them healthy",
		 .config = FLOOR("\"60%\""),
		 .recorded = "web: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80 web@10.0.0.1:80!critical",
		 .desired = "web: 10.0.0.9:80",
		 .noted = "k"},
		{.row = "two keys of one address are two",
		 .config = "{\"services\": {\"web\": {\"min_healthy\": 2, \"port\": 81}}}",
		 .recorded = "web: 10.0.0.9:80 of_keys",
		 .keys = "web/10.0.0.1:80 web/10.0.0.1:82",
		 .desired = "web: 10.0.0.1:81 of_keys"},
		{.row = "the recorded upstream is down, so it is not kept",
		 .config = FLOOR("2"),
		 .recorded = "web: " NOBODY,
		 .registry = "web@10.0.0.1:80 web@10.0.0.3:80!critical",
		 .desired = "web: 10.0.0.1:80,max_fails=0 10.0.0.3:80,down",
		 .decisions = ""},
		{.row = "the recorded upstream has a server up, so it is kept",
		 .config = FLOOR("2"),
		 .recorded = "web: 10.0.0.8:80,down 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80 web@10.0.0.3:80!critical",
		 .desired = "web: 10.0.0.8:80,down 10.0.0.9:80",
		 .noted = "k"},
		{.row = "of keys",
		 .config = "{\"services\": {\"web\": {\"min_healthy\": 2}}}",
		 .recorded = "web: 10.0.0.9:80 of_keys",
		 .keys = "web/10.0.0.1:80 web/10.0.0.2:80,down=1",
		 .desired = "web: 10.0.0.9:80 of_keys",
		 .noted = "k"},
	};

	(void)state;
	decide(rows, COUNT(rows));
}

/* ---- weights and backups ---- */

static void made_fit(void **state)
{
	static const struct decision rows[] = {
		{.row = "weights in proportion",
		 .config = "{\"attributes\": {\"max\": {\"weight\": 10}}}",
		 .registry = "web@10.0.0.1:80+nginx:weight=50 web@10.0.0.2:80+nginx:weight=25 "
			     "web@10.0.0.3:80+nginx:weight=1 api@10.0.0.1:80+nginx:weight=9",
		 .desired = "api: 10.0.0.1:80,weight=9; web: 10.0.0.1:80,weight=10 "
			    "10.0.0.2:80,weight=5 10.0.0.3:80",
		 .says = "upstream web: its weights are scaled down, the largest from 50 to 10"},
		{.row = "a server that is down does not count for the proportion",
		 .config = "{\"attributes\": {\"max\": {\"weight\": 10}}}",
		 .registry = "web@10.0.0.1:80+nginx:weight=50+nginx:down "
			     "web@10.0.0.2:80+nginx:weight=6",
		 .desired = "web: 10.0.0.1:80,weight=10,down 10.0.0.2:80,weight=6,max_fails=0"},
		{.row = "each upstream by itself",
		 .config = "{\"attributes\": {\"max\": {\"weight\": 10}}}",
		 .registry = "web@10.0.0.1:80+nginx:weight=20 web@10.0.0.2:80+nginx:weight=5 "
			     "web@10.0.0.3:80+nginx:weight=5+gray=a",
		 .desired = "web: 10.0.0.1:80,weight=10 10.0.0.2:80,weight=3; web_a<web gray=a>: "
			    "10.0.0.3:80,weight=5"},
		{.row = "weights of keys stay",
		 .config = "{\"attributes\": {\"max\": {\"weight\": 10}}}",
		 .keys = "web/10.0.0.1:80,weight=50",
		 .desired = "web: 10.0.0.1:80,weight=50 of_keys"},
		{.row = "backups only",
		 .registry = "web@10.0.0.1:80+nginx:backup",
		 .desired = "web: 10.0.0.1:80",
		 .noted = "w"},
		{.row = "backups with a method that has none",
		 .config = "{\"services\": {\"web\": {\"balance\": \"ip_hash\"}}}",
		 .registry = "web@10.0.0.1:80+nginx:backup web@10.0.0.2:80",
		 .desired = "web: 10.0.0.1:80 10.0.0.2:80 ip_hash",
		 .noted = "w"},
		{.row = "backups of keys",
		 .keys = "web/10.0.0.1:80,backup=1",
		 .desired = "web: 10.0.0.1:80 of_keys",
		 .noted = "w"},
	};

	(void)state;
	decide(rows, COUNT(rows));
}

/* ---- other names ---- */

#define SHOP "{\"services\": {\"web\": {\"upstream\": \"shop\"}}}"

static void renames(void **state)
{
	static const struct decision rows[] = {
		{.row = "to another name",
		 .config = SHOP,
		 .recorded = "web: 10.0.0.9:80; web_a<web gray=a>: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80 web@10.0.0.2:80+gray=a",
		 .desired = "shop<web>: 10.0.0.1:80; shop_a<web gray=a>: 10.0.0.2:80"},
		{.row = "and back",
		 .recorded = "shop<web>: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80",
		 .desired = "web: 10.0.0.1:80"},
		{.row = "kept under its old name",
		 .config = SHOP,
		 .recorded = "web: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80!critical",
		 .desired = "web: 10.0.0.9:80",
		 .noted = "k"},
		{.row = "of two recorded upstreams, the one with the present name is kept",
		 .config = SHOP,
		 .recorded = "shop<web>: 10.0.0.8:80; web: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80!critical",
		 .desired = "shop<web>: 10.0.0.8:80",
		 .noted = "k"},
		{.row = "in any order",
		 .recorded = "shop<web>: 10.0.0.8:80; web: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80!critical",
		 .desired = "web: 10.0.0.9:80",
		 .noted = "k"},
		{.row = "in any case",
		 .recorded = "shop<web>: 10.0.0.8:80; WEB<web>: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80!critical",
		 .desired = "WEB<web>: 10.0.0.9:80",
		 .noted = "k"},
		{.row = "a tag that an instance has twice counts once",
		 .config = "{\"defaults\": {\"min_healthy\": \"100%\"}}",
		 .recorded = "web_a<web gray=a>: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80+gray=a+gray=a",
		 .desired = "web_a<web gray=a>: 10.0.0.1:80"},
		{.row = "the new name is another service's: the old one stays",
		 .config = SHOP,
		 .recorded = "web: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80 shop@10.0.0.2:80",
		 .desired = "shop: 10.0.0.2:80; web: 10.0.0.1:80",
		 .noted = "sw",
		 .says = "upstream web of service web: it keeps its old name, because its new name "
			 "is not available"},
		{.row = "the new name is unmanaged: the old one stays",
		 .config = SHOP,
		 .recorded = "web: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80",
		 .unmanaged = "shop",
		 .desired = "web: 10.0.0.1:80",
		 .noted = "hw"},
		{.row = "but not if another service now has the old name",
		 .config = "{\"services\": {\"web\": {\"upstream\": \"shop\"}, \"api\": "
			   "{\"upstream\": \"web\"}}}",
		 .recorded = "web: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80 shop@10.0.0.2:80 api@10.0.0.3:80",
		 .desired = "shop: 10.0.0.2:80; web<api>: 10.0.0.3:80",
		 .noted = "s"},
		{.row = "too few: kept under its old name",
		 .config =
			 "{\"services\": {\"web\": {\"upstream\": \"shop\", \"min_healthy\": 2}}}",
		 .recorded = "web: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80 web@10.0.0.2:80!critical",
		 .desired = "web: 10.0.0.9:80",
		 .noted = "k"},
		{.row = "down under its new name",
		 .config =
			 "{\"services\": {\"web\": {\"upstream\": \"shop\", \"empty\": \"down\"}}}",
		 .recorded = "web: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80!critical",
		 .desired = "shop<web>: 127.0.0.1:1,down",
		 .noted = "w"},
		{.row = "the name of another service",
		 .config = SHOP,
		 .registry = "web@10.0.0.1:80 shop@10.0.0.2:80",
		 .desired = "shop: 10.0.0.2:80",
		 .noted = "s",
		 .says = "upstream shop of service web: skipped: the name is taken by service "
			 "shop"},
		{.row = "but FILE has it for this service",
		 .config = SHOP,
		 .recorded = "shop<web>: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80 shop@10.0.0.2:80",
		 .desired = "shop<web>: 10.0.0.1:80",
		 .noted = "s"},
		{.row = "two services of one name: the first",
		 .config = "{\"services\": {\"w*\": {\"upstream\": \"shop\"}}}",
		 .registry = "web@10.0.0.1:80 wa@10.0.0.2:80",
		 .desired = "shop<wa>: 10.0.0.2:80",
		 .noted = "s"},
		{.row = "two services of one name: the recorded one",
		 .config = "{\"services\": {\"w*\": {\"upstream\": \"shop\"}}}",
		 .recorded = "shop<web>: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80 wa@10.0.0.2:80",
		 .desired = "shop<web>: 10.0.0.1:80",
		 .noted = "s"},
		{.row = "two services swap names",
		 .config = "{\"services\": {\"a\": {\"upstream\": \"b\"}, \"b\": {\"upstream\": "
			   "\"a\"}}}",
		 .recorded = "a: 10.0.0.8:80; b: 10.0.0.9:80",
		 .registry = "a@10.0.0.1:80 b@10.0.0.2:80",
		 .desired = "a<b>: 10.0.0.2:80; b<a>: 10.0.0.1:80"},
		{.row = "a new name that is unmanaged",
		 .config = SHOP,
		 .registry = "web@10.0.0.1:80",
		 .unmanaged = "shop",
		 .desired = "",
		 .noted = "h",
		 .decisions = "shop held back: a proxy has an unmanaged upstream of this name: "
			      "remove that one, or take it over with --adopt"},
	};

	(void)state;
	decide(rows, COUNT(rows));
}

/* ---- keys ---- */

static void keys_and_services(void **state)
{
	static const struct decision rows[] = {
		{.row = "different names",
		 .registry = "web@10.0.0.1:80",
		 .keys = "legacy/10.0.0.2:80",
		 .desired = "legacy: 10.0.0.2:80 of_keys; web: 10.0.0.1:80"},
		{.row = "a service wins over a key",
		 .registry = "web@10.0.0.1:80",
		 .keys = "web/10.0.0.2:80",
		 .desired = "web: 10.0.0.1:80",
		 .noted = "s",
		 .says = "upstream web of key web: skipped: the name is taken by service web; "
			 "rename one of them",
		 .decisions = "web skipped: the name is taken by service web; rename one of them"},
		{.row = "a colour wins, too",
		 .registry = "web@10.0.0.1:80+gray=a",
		 .keys = "web_a/10.0.0.2:80",
		 .desired = "web_a<web gray=a>: 10.0.0.1:80",
		 .noted = "s"},
		{.row = "and a service under another name",
		 .config = SHOP,
		 .registry = "web@10.0.0.1:80",
		 .keys = "shop/10.0.0.2:80",
		 .desired = "shop<web>: 10.0.0.1:80",
		 .noted = "s"},
		{.row = "unless FILE has the key",
		 .recorded = "web: 10.0.0.9:80 of_keys",
		 .registry = "web@10.0.0.1:80",
		 .keys = "web/10.0.0.2:80",
		 .desired = "web: 10.0.0.2:80 of_keys",
		 .noted = "s",
		 .says = "upstream web of service web: skipped: the name is taken by key web"},
		{.row = "also if the run does not know the keys",
		 .recorded = "web: 10.0.0.9:80 of_keys",
		 .registry = "web@10.0.0.1:80",
		 .complete = true,
		 .desired = "web: 10.0.0.9:80 of_keys",
		 .noted = "s"},
		{.row = "the key is gone: the service has the name",
		 .recorded = "web: 10.0.0.9:80 of_keys",
		 .registry = "web@10.0.0.1:80",
		 .keys = "other/10.0.0.2:80",
		 .all_keys = true,
		 .desired = "other: 10.0.0.2:80 of_keys; web: 10.0.0.1:80"},
		{.row = "the service is gone: the key has the name",
		 .recorded = "web: 10.0.0.9:80",
		 .keys = "web/10.0.0.2:80",
		 .complete = true,
		 .all_keys = true,
		 .desired = "web: 10.0.0.2:80 of_keys"},
		{.row = "a keyprefix document does not concern services",
		 .recorded = "web: 10.0.0.9:80",
		 .keys = "web/10.0.0.2:80",
		 .all_keys = true,
		 .desired = "web: 10.0.0.9:80",
		 .noted = "s"},
		/* only a run that knows all keys deletes one */
		{.row = "gone from the tree",
		 .recorded = "a: 10.0.0.9:80 of_keys; b: 10.0.0.9:80 of_keys",
		 .keys = "b/10.0.0.2:80",
		 .all_keys = true,
		 .desired = "b: 10.0.0.2:80 of_keys"},
		{.row = "gone, but the run does not know the tree",
		 .recorded = "a: 10.0.0.9:80 of_keys; b: 10.0.0.9:80 of_keys",
		 .registry = "a b",
		 .complete = true,
		 .desired = "a: 10.0.0.9:80 of_keys; b: 10.0.0.9:80 of_keys"},
		{.row = "a service of the same name does not matter",
		 .recorded = "web: 10.0.0.9:80 of_keys",
		 .registry = "web@10.0.0.1:80!critical",
		 .complete = true,
		 .desired = "web: 10.0.0.9:80 of_keys"},
		/* keys without a usable server */
		{.row = "all down: kept",
		 .recorded = "web: 10.0.0.9:80 of_keys",
		 .keys = "web/10.0.0.1:80,down=1",
		 .all_keys = true,
		 .desired = "web: 10.0.0.9:80 of_keys",
		 .noted = "k"},
		{.row = "all down: down",
		 .config = DOWN,
		 .keys = "web/10.0.0.1:80,down=1 api/nowhere",
		 .all_keys = true,
		 .desired = "api: " NOBODY " of_keys; web: 10.0.0.1:80,down of_keys",
		 .noted = "sww"},
		{.row = "all down: deleted",
		 .config = DELETE,
		 .recorded = "web: 10.0.0.9:80 of_keys",
		 .keys = "web/10.0.0.1:80,down=1",
		 .all_keys = true,
		 .desired = ""},
		{.row = "all down, and an undecodable key: kept",
		 .config = DELETE,
		 .recorded = "web: 10.0.0.9:80 of_keys",
		 .keys = "web/10.0.0.1:80,down=1 ?",
		 .all_keys = true,
		 .desired = "web: 10.0.0.9:80 of_keys",
		 .noted = "k"},
		{.row = "gone from the tree, unless it is the undecodable key",
		 .recorded = "a: 10.0.0.9:80 of_keys; b: 10.0.0.9:80 of_keys",
		 .keys = "b/10.0.0.2:80 ?",
		 .all_keys = true,
		 .desired = "a: 10.0.0.9:80 of_keys; b: 10.0.0.2:80 of_keys",
		 .noted = "k",
		 .decisions = "a kept: an undecodable key may belong to it"},
		{.row = "the run does not know the tree, and a key is undecodable",
		 .recorded = "a: 10.0.0.9:80 of_keys",
		 .keys = "?",
		 .desired = "a: 10.0.0.9:80 of_keys"},
		{.row = "a service that is not in the list is gone",
		 .recorded = "web: 10.0.0.9:80",
		 .registry = "?",
		 .complete = true,
		 .desired = ""},
		{.row = "an unmanaged name",
		 .keys = "web/10.0.0.1:80",
		 .all_keys = true,
		 .unmanaged = "web",
		 .desired = "",
		 .noted = "h",
		 .says = "upstream web of key web: held back"},
		{.row = "names that differ in case",
		 .keys = "web/10.0.0.1:80 Web/10.0.0.2:80",
		 .all_keys = true,
		 .desired = "Web: 10.0.0.2:80 of_keys",
		 .noted = "s",
		 .says = "upstream web of key web: skipped: the name is taken by key Web (nginx "
			 "ignores case in names)"},
	};

	(void)state;
	decide(rows, COUNT(rows));
}

/* ---- names with several claimants ---- */

static void collisions(void **state)
{
	static const struct decision rows[] = {
		{.row = "not recorded: the service with this name",
		 .registry = "web@10.0.0.1:80+gray=a web_a@10.0.0.2:80",
		 .desired = "web_a: 10.0.0.2:80",
		 .noted = "s",
		 .says = "upstream web_a of service web, tag gray=a: skipped: the name is taken by "
			 "service web_a"},
		{.row = "recorded for the colour",
		 .recorded = "web_a<web gray=a>: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80+gray=a web_a@10.0.0.2:80",
		 .desired = "web_a<web gray=a>: 10.0.0.1:80",
		 .noted = "s",
		 .says = "upstream web_a of service web_a: skipped: the name is taken by service "
			 "web, tag gray=a"},
		{.row = "recorded for the service",
		 .recorded = "web_a: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80+gray=a web_a@10.0.0.2:80",
		 .desired = "web_a: 10.0.0.2:80",
		 .noted = "s"},
		{.row = "recorded for the colour, and kept",
		 .recorded = "web_a<web gray=a>: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80+gray=a!critical web_a@10.0.0.2:80",
		 .desired = "web_a<web gray=a>: 10.0.0.9:80",
		 .noted = "ks"},
		{.row = "recorded for a service that is not in the document",
		 .recorded = "web_a<web gray=a>: 10.0.0.9:80",
		 .registry = "web_a@10.0.0.2:80",
		 .desired = "web_a<web gray=a>: 10.0.0.9:80",
		 .noted = "s"},
		{.row = "recorded for one that is gone",
		 .recorded = "web_a<web gray=a>: 10.0.0.9:80",
		 .registry = "web_a@10.0.0.2:80",
		 .complete = true,
		 .desired = "web_a: 10.0.0.2:80"},
		{.row = "two colours: the first service in byte order",
		 .registry = "a_b@10.0.0.1:80+gray=c a@10.0.0.2:80+gray=b_c",
		 .desired = "a_b_c<a gray=b_c>: 10.0.0.2:80",
		 .noted = "s"},
		{.row = "three of them",
		 .registry = "a_b@10.0.0.1:80+gray=c a@10.0.0.2:80+gray=b_c A_b_c@10.0.0.3:80",
		 .desired = "A_b_c: 10.0.0.3:80",
		 .noted = "ss"},
		{.row = "names that differ in case: the first in byte order",
		 .registry = "web@10.0.0.1:80 WEB@10.0.0.2:80 Web@10.0.0.3:80",
		 .desired = "WEB: 10.0.0.2:80",
		 .noted = "ss",
		 .says = "upstream web of service web: skipped: the name is taken by service WEB "
			 "(nginx ignores case in names)"},
		{.row = "names that differ in case: the one that is recorded",
		 .recorded = "web: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80 WEB@10.0.0.2:80",
		 .desired = "web: 10.0.0.1:80",
		 .noted = "s"},
		{.row = "colours that differ in case",
		 .recorded = "web_b<web gray=b>: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80+gray=a web@10.0.0.2:80+gray=A web@10.0.0.3:80+gray=b "
			     "web@10.0.0.4:80+gray=B",
		 .desired = "web_A<web gray=A>: 10.0.0.2:80; web_b<web gray=b>: 10.0.0.3:80",
		 .noted = "ss"},
		{.row = "an upstream without a server claims no name",
		 .registry = "web@10.0.0.1:80+gray=a web_a@10.0.0.2:80!critical",
		 .desired = "web_a<web gray=a>: 10.0.0.1:80"},
	};

	(void)state;
	decide(rows, COUNT(rows));
}

static void unmanaged_names(void **state)
{
	static const struct decision rows[] = {
		{.row = "a new name that is unmanaged",
		 .registry = "api@10.0.0.1:80 web@10.0.0.2:80",
		 .unmanaged = "other WEB",
		 .desired = "api: 10.0.0.1:80",
		 .noted = "h",
		 .says = "upstream web of service web: held back"},
		{.row = "a name in FILE is managed",
		 .recorded = "web: 10.0.0.1:80",
		 .registry = "web@10.0.0.2:80",
		 .unmanaged = "web",
		 .desired = "web: 10.0.0.2:80"},
		{.row = "also for a new source",
		 .recorded = "web_a: 10.0.0.1:80",
		 .registry = "web@10.0.0.2:80+gray=a",
		 .complete = true,
		 .unmanaged = "web_a",
		 .desired = "web_a<web gray=a>: 10.0.0.2:80"},
		{.row = "the other claimant is held back, too",
		 .registry = "web@10.0.0.1:80+gray=a web_a@10.0.0.2:80",
		 .unmanaged = "web_a",
		 .desired = "",
		 .noted = "hh"},
	};

	(void)state;
	decide(rows, COUNT(rows));
}

/* Many services, each with a colour, in no order. */
static void many_services(void **state)
{
	struct swk_upstreams recorded = {0}, desired = {0};
	struct swk_services services = {0};
	const struct swk_known_sources known = {.services = &services};
	const struct swk_sources sources = {&known, 1};
	struct swk_names unmanaged = {0};
	struct swk_report report = {0};
	struct swk_error error = {0};

	(void)state;
	for (unsigned i = 0; i < 500; i++) {
		char text[128];

		(void)snprintf(text, sizeof(text),
			       "s%u: 10.0.0.1:80; s%u_a<s%u gray=a>: 10.0.0.2:80", i, i, i);
		unit_append(&recorded, text);
	}
	assert_null(swk_upstreams_sort(&recorded));
	/* Every third is unknown, and every fifth has lost its colour. */
	for (unsigned n = 0; n < 500; n++) {
		unsigned i = n * 7 % 500;
		char word[64];

		(void)snprintf(word, sizeof(word), "s%u@10.0.0.1:80", i);
		if (i % 3)
			add_instance(&services, &plain, word, &report);
		(void)snprintf(word, sizeof(word), "s%u@10.0.0.2:80+gray=a", i);
		if (i % 3 && i % 5)
			add_instance(&services, &plain, word, &report);
	}
	assert_int_equal(
		swk_decide(&plain, &recorded, &sources, &unmanaged, &desired, &report, &error), 0);
	for (unsigned i = 0; i < 500; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "s%u", i);
		unit_number(name, swk_upstreams_find(&desired, name) != NULL, 1);
		(void)snprintf(name, sizeof(name), "s%u_a", i);
		unit_number(name, swk_upstreams_find(&desired, name) != NULL, !(i % 3) || i % 5);
	}
	swk_services_free(&services);
	swk_upstreams_free(&recorded);
	swk_upstreams_free(&desired);
	swk_report_free(&report);
}

/* ---- unchanged services ---- */

static void unchanged(void **state)
{
	static const struct decision rows[] = {
		{.row = "kept without a note",
		 .recorded = "api: 10.0.0.9:80; web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .registry = "api@10.0.0.8:80 web=",
		 .complete = true,
		 .desired = "api: 10.0.0.8:80; web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80"},
		{.row = "there is nothing to keep",
		 .registry = "web=",
		 .complete = true,
		 .desired = ""},
		{.row = "whatever `empty` says",
		 .config = "{\"defaults\": {\"empty\": \"delete\"}}",
		 .recorded = "web: 10.0.0.1:80",
		 .registry = "web=",
		 .complete = true,
		 .desired = "web: 10.0.0.1:80"},
		{.row = "others can't have its name",
		 .recorded = "web_a<web gray=a>: 10.0.0.2:80",
		 .registry = "web= web_a@10.0.0.3:80",
		 .complete = true,
		 .desired = "web_a<web gray=a>: 10.0.0.2:80",
		 .noted = "s"},
		{.row = "the name is unmanaged in nginx",
		 .recorded = "web: 10.0.0.2:80",
		 .registry = "web=",
		 .unmanaged = "web",
		 .complete = true,
		 .desired = "web: 10.0.0.2:80"},
	};

	(void)state;
	decide(rows, COUNT(rows));
}

static void noted_again(void **state)
{
	static const struct decision rows[] = {
		{.row = "served as registered",
		 .recorded = "api: 10.0.0.1:80; web: 10.0.0.1:80",
		 .registry = "api@10.0.0.1:80 web@10.0.0.2:80",
		 .desired = "api: 10.0.0.1:80; web: 10.0.0.2:80",
		 .again = ""},
		{.row = "a colour goes",
		 .recorded = "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .registry = "web@10.0.0.1:80",
		 .desired = "web: 10.0.0.1:80",
		 .again = ""},
		{.row = "one is kept",
		 .recorded = "api: 10.0.0.1:80; web: 10.0.0.1:80",
		 .registry = "api@10.0.0.1:80 web@10.0.0.2:80!critical",
		 .desired = "api: 10.0.0.1:80; web: 10.0.0.1:80",
		 .noted = "k",
		 .again = "web"},
		{.row = "one is down as a whole",
		 .config = "{\"defaults\": {\"empty\": \"down\"}}",
		 .registry = "api@10.0.0.1:80 web@10.0.0.2:80!critical",
		 .desired = "api: 10.0.0.1:80; web: 127.0.0.1:1,down",
		 .noted = "w",
		 .again = "web"},
		{.row = "one is below min_healthy, and not kept since it is new",
		 .config = "{\"defaults\": {\"min_healthy\": 2}}",
		 .registry = "api@10.0.0.1:80 api@10.0.0.2:80 web@10.0.0.2:80 "
			     "web@10.0.0.3:80!critical",
		 .desired = "api: 10.0.0.1:80 10.0.0.2:80; web: 10.0.0.2:80",
		 .again = "web"},
	};

	(void)state;
	decide(rows, COUNT(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kept_and_deleted), cmocka_unit_test(empty_upstreams),
		cmocka_unit_test(min_healthy),	    cmocka_unit_test(made_fit),
		cmocka_unit_test(renames),	    cmocka_unit_test(keys_and_services),
		cmocka_unit_test(collisions),	    cmocka_unit_test(unmanaged_names),
		cmocka_unit_test(many_services),    cmocka_unit_test(unchanged),
		cmocka_unit_test(noted_again),
	};

	int failed;

	plain_settings = settings_of(NULL);
	plain = policy_of(&plain_settings);
	failed = cmocka_run_group_tests_name("decide", tests, NULL, NULL);
	swk_settings_free(&plain_settings);
	return failed;
}
