namespace Swarm.Lab;
