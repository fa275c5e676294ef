namespace Swarm.Security;
