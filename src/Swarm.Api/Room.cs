namespace Swarm.Api;
