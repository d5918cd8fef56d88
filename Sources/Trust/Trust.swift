import Foundation
import Store

/// Whom a store trusts: the judge of signatures, and the policies for remotes.
package struct Trust: Sendable {
    package let judge: SignatureJudge
    package let settings: TrustSettings
    /// Whether the list of signers is the store's own; otherwise it is that of git's `gpg.ssh.allowedSignersFile`, if any.
    package let hasOwnSigners: Bool

    package static let signersFile = "allowed_signers"
    package static let settingsFile = "settings.json"

    /// The policy for a remote, by the addresses that it is known by.
    package func policy(for addresses: [String]) -> RemotePolicy { settings.policy(for: addresses) }
}

extension Store {
    /// Whom this store trusts.
    ///
    /// - Throws: `TrustError`, `StoreError` where its settings cannot be read.
    package func trust() throws -> Trust {
        let own = trustFolder.appending(path: Trust.signersFile)
        let hasOwn = FileManager.default.fileExists(atPath: own.path)
        let git = try signingSettings()
        return Trust(
            judge: SignatureJudge(
                signers: hasOwn ? own : git.allowedSigners, revoked: git.revokedKeys, program: git.program),
            settings: try TrustSettings(text: trustText(Trust.settingsFile)), hasOwnSigners: hasOwn)
    }

    /// Who signed a commit.
    package func verdict(onCommit commit: CommitID, by judge: SignatureJudge) throws(StoreError) -> SignatureVerdict {
        judge.verdict(on: try signedText(of: commit))
    }

    /// Who signed a tag.
    package func verdict(onTag name: String, by judge: SignatureJudge) throws(StoreError) -> SignatureVerdict {
        judge.verdict(on: try signedText(ofTag: name), tag: name)
    }
}
