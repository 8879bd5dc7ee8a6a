# SPDX-License-Identifier: MIT
#
# Watches that start swk-apply when something changes. For Consul's configuration folder, as it stands.

watches = [
  # Every change of a check, maintenance mode among them.
  {
    type         = "checks"
    handler_type = "script"
    args         = ["swk-apply"]
  },

  # A service appears or goes, or its tags change. Not: an instance comes or goes while the tags stay, or its address
  # changes. For services where that must be seen at once, see service-NAME.hcl.example.
  {
    type         = "services"
    handler_type = "script"
    args         = ["swk-apply"]
  },
]
