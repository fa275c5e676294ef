using Swarm.Engine.Shim;

// Its one argument is the mode's name, as for `swarm shim`, so that either can be started in the other's place.
return ShimProgram.Run();
