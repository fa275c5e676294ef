namespace Swarm.Networking;
