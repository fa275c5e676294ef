using System.Runtime.CompilerServices;
using Swarm.Commands;
using Swarm.Daemon;
using Swarm.Engine.Shim;
using Swarm.Linux;

if (!RuntimeFeature.IsDynamicCodeSupported)
{
    RuntimeSignals.LeaveThreadsAlone();
}

// The shim goes first and past the command line: one runs beside every container, and costs what it loads.
return args is ["shim"]
    ? ShimProgram.Run()
    : CalledAs.Dockerd()
        ? await SwarmCommandLine.InvokeDockerdAsync(args, NodeDaemon.RunAsync)
        : await SwarmCommandLine.InvokeAsync(args, NodeDaemon.RunAsync);
