namespace Swarm.Manager;
