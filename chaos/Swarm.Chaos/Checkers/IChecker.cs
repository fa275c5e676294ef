namespace Swarm.Chaos.Checkers;

/// <summary>Judges one property by what a run has seen. Pure: the same evidence, the same finding.</summary>
public interface IChecker
{
    Finding Check(Evidence evidence);
}
