# SPDX-License-Identifier: MIT
#
# Watches that start swk-apply. Copy this file unchanged to the configuration folder of Consul's agent. `make install` adapts
# the path of swk-apply.

watches = [
  # Fires when a check changes, also when maintenance mode begins or ends.
  {
    type         = "checks"
    handler_type = "script"
    args         = ["/usr/local/sbin/swk-apply"]
  },

  # Fires when a service appears or disappears, or when its tags change. It does not fire when only an address changes, or
  # when an instance appears or disappears and the tags stay the same. If a service cannot wait for the timer, also use
  # service-NAME.hcl.example.
  {
    type         = "services"
    handler_type = "script"
    args         = ["/usr/local/sbin/swk-apply"]
  },
]
