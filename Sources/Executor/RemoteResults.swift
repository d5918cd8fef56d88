import BuildModel

/// Where results may be had that this store lacks: somebody else's store.
package protocol RemoteResults: Sendable {
    /// Asked before a stage would run.
    ///
    /// A result means that its stage commit has been checked, and that all its files are in this store, verified; the executor
    /// then records it with its own parents and counts the stage as cached. `nil` means that the stage has to run. An
    /// implementation that fails says so itself, once, and gives `nil`: a build never ends for want of a remote.
    func result(of key: Digest) async -> Artifact?
}
