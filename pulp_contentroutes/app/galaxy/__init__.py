"""The Galaxy-style API that `ansible-galaxy` speaks (protocol: ansible-core 2.14 to 2.21)."""
