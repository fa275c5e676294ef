global using NodeIdentity = Swarm.Security.NodeIdentity;
