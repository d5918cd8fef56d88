import BuildModel
import Store
import Synchronization

/// A remote's results, for builds: a stage that someone else has run already is fetched and not run.
///
/// The remote's list of actions is read once. A remote that fails is told of once and asked no more; a result that breaks a
/// rule is told of and not used. Neither ends a build.
package final class RemoteCache: Sendable {
    private let store: Store
    private let remote: Remote
    private let onWarning: @Sendable (String) -> Void
    /// By key; `nil` where the remote failed.
    private let references: Mutex<[String: RemoteReference]?>
    private let trust: ReceivingTrust?

    package init(_ remote: Remote, for store: Store, onWarning: @escaping @Sendable (String) -> Void) async {
        (self.store, self.remote, self.onWarning) = (store, remote, onWarning)
        do {
            _ = try remote.remoteObjects()
            let given = try ReceivingTrust(for: remote.addresses, of: store)
            let (trust, found) = try await blocking {
                var trust = given
                if trust.needsVouching { trust.vouched = try trust.vouching(from: remote.repository, into: store) }
                let found = try remote.repository.references(seenFrom: store.openRepository())
                if trust.needsWitnesses {
                    let received = try ReceivedWitnesses(among: found, of: remote.repository, for: store, judge: trust.judge)
                    for fault in received.faults { onWarning("left out: \(fault)") }
                    trust = try trust.hearing(received, in: store)
                    _ = try store.admit(received.known, from: received.repository)
                }
                return (trust, found)
            }
            self.trust = trust
            let actions = found.filter { $0.name.hasPrefix("refs/decant/actions/") }
            references = Mutex(
                Dictionary(actions.map { (String($0.name.suffix(64)), $0) }, uniquingKeysWith: { first, _ in first }))
        } catch {
            trust = nil
            references = Mutex(nil)
            onWarning("the build goes on without \(remote.label): \(error)")
        }
    }

    /// The result of an action, from the remote: its commit checked, its objects verified and in the store. `nil` where the
    /// remote has none that can be used.
    package func result(of key: Digest) async -> Artifact? {
        guard let reference = references.withLock({ $0?[key.hex] }) else { return nil }
        do {
            let receiving = try Receiving(
                .actions([key]), from: remote.repository, into: store, known: [reference], trust: trust)
            _ = try await receiving.finish(objects: remote.remoteObjects(), label: remote.label) { _ in }
            return try store.result(of: key)
        } catch RemoteError.unreachable(_, let reason) {
            references.withLock { $0 = nil }
            onWarning("the build goes on without \(remote.label): \(reason)")
        } catch SharingError.unreachable(let url, let reason) {
            references.withLock { $0 = nil }
            onWarning("the build goes on without \(url): \(reason)")
        } catch {
            onWarning(
                "the result of the action \(key.short) was not taken from \(remote.label), so its stage runs here: \(error)")
        }
        return nil
    }
}
