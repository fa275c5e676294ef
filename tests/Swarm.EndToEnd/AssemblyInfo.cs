// One machine, one cluster at a time: the scenarios cut the same cables.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
