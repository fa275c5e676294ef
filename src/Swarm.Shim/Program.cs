using Swarm.Engine.Shim;

// The first argument is the mode's name, as for `swarm shim`, so that either can be started in the other's place.
return ShimProgram.Run(args is ["shim", .. var rest] ? rest : args);
