namespace Swarm.Registry;
