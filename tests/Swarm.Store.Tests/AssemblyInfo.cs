// Elections run on real time: parallel clusters on a small machine would only disturb each other.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
