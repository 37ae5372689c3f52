Added a Galaxy-style API under `/pulp_contentroutes/galaxy/`: the real `ansible-galaxy` publishes collections to a repository and installs them and roles from it, with API tokens and content guards.
