# SPDX-License-Identifier: MIT
#
# Makes this host a member of the fleet: `swk drain --fleet`, `swk wait --fleet` and others wait for its answer. Use it beside
# swk-apply.hcl, on each host with a proxy; see swk-fleet(7). `make install` adapts the path of swk-apply.

# The host is a member as long as this service is registered, alive or not. swk-apply never publishes it.
service {
  id   = "swk-apply"
  name = "swk-apply"

  # With "fleet_check": true in the settings, swk-apply sets this check, at least once a minute. If it stops, the check becomes
  # critical. Without the setting, it is always critical. No request depends on it.
  check {
    id   = "swk-apply"
    name = "swk-apply on this host"
    ttl  = "3m"
  }
}

# A host stays a member while its agent is stopped, for example for an upgrade: its proxy still serves. Before you take a host away for
# good, run `consul leave` there. An agent reads these two only when it starts.
leave_on_terminate      = false
skip_leave_on_interrupt = true

watches = [
  # Fires when a request comes or goes. Keep the slash.
  {
    type         = "keyprefix"
    prefix       = "swk/requests/"
    handler_type = "script"
    args         = ["/usr/local/sbin/swk-apply", "--requests"]
  },
]
