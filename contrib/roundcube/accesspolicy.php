<?php

/**
 * accesspolicy for Roundcube
 *
 * Tells the IMAP server which address the browser has, so that the policy decides over that and not over the webmail's own.
 * Where the policy denied a login, shows the server's reason on the login page. README.md says how it is installed.
 *
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026, The accesspolicy authors
 */

declare(strict_types=1);

class accesspolicy extends rcube_plugin
{
    /** What the policy says where its administrator wrote no other message. */
    private const DEFAULT_MESSAGE =
        'The administrator has enabled IP login restrictions. Login from the current IP is not allowed.';

    /** The policy's module sends no more of a message. */
    private const MESSAGE_BYTES = 511;

    public function init(): void
    {
        $this->load_config();
        // Roundcube logs in at the server in each request, not in that of the login page alone
        $this->add_hook('storage_connect', [$this, 'tell_address']);
        // is called between the server's answer and the text that the login page is given; login_failed comes after that
        $this->add_hook('raise_error', [$this, 'show_reason']);
    }

    /**
     * Sends the browser's address before the login: IMAP ID (RFC 2971), in the field that Dovecot reads.
     *
     * Without it the server decides over the webmail's own address, which is often an allowed one. So there is no login where
     * the browser's address is not known.
     */
    public function tell_address(array $options): array
    {
        $address = rcube_utils::remote_addr();

        if (filter_var($address, FILTER_VALIDATE_IP) === false) {
            rcube::raise_error([
                'code'    => 500,
                'file'    => __FILE__,
                'line'    => __LINE__,
                'message' => "accesspolicy: the browser's address is \"" . self::printable($address) . '"; an IP address was '
                    . 'expected, and nobody is let in without one. See proxy_whitelist, and what that proxy sends as '
                    . 'X-Forwarded-For',
            ], true, false);
            // Roundcube makes no connection for a user without a name
            $options['user'] = '';

            return $options;
        }

        $options['preauth_ident'] = ['x-originating-ip' => $address] + (array) ($options['preauth_ident'] ?? []);

        return $options;
    }

    /**
     * Where the policy denied the login, its reason takes the place of "Login failed.", in this request alone.
     */
    public function show_reason(array $error): array
    {
        $rcmail = rcmail::get_instance();

        if (($error['type'] ?? '') !== 'imap' || $rcmail->task !== 'login') {
            return $error;
        }

        $reason = $this->reason($rcmail->get_storage());

        if ($reason !== null) {
            $rcmail->load_language(null, [], ['loginfailed' => self::html($reason)]);
        }

        return $error;
    }

    /**
     * What the server said, if that is one of the policy's messages; else null.
     *
     * The answer must be a NO that carries the response code ALERT. But a server alerts of other things as well, of a mechanism
     * that it does not have for one. So the text must also be one that the administrator named, unless all alerts were asked for.
     */
    private function reason(rcube_storage $storage): ?string
    {
        if (!$storage instanceof rcube_imap) {
            return null;
        }

        $answer = $storage->conn;

        if ($answer->errornum !== rcube_imap_generic::ERROR_NO || $answer->resultcode !== 'ALERT') {
            return null;
        }

        $said   = self::as_sent((string) $answer->result);
        $wanted = rcube::get_instance()->config->get('accesspolicy_messages', [self::DEFAULT_MESSAGE]);

        $named  = $wanted === true ? [$said] : array_map([self::class, 'as_sent'], array_map('strval', (array) $wanted));

        return $said !== '' && in_array($said, $named, true) ? $said : null;
    }

    /**
     * A message as the policy's module sends it, so that one can be copied from the policy file as it stands there: one
     * line, without blanks and "[" at its start, of a bounded length.
     */
    private static function as_sent(string $message): string
    {
        $line = preg_replace('/\p{Cc}/u', ' ', mb_scrub($message, 'UTF-8'));

        return rtrim(mb_strcut(ltrim($line, ' ['), 0, self::MESSAGE_BYTES, 'UTF-8'));
    }

    /**
     * The text as HTML that shows it to the letter: the page takes messages for HTML, and labels have new lines written as
     * a backslash and an n.
     */
    private static function html(string $text): string
    {
        return strtr(rcube::Q($text), ['\\' => '&#92;']);
    }

    private static function printable(string $text): string
    {
        return substr((string) preg_replace('/[^\x20-\x7e]/', '?', $text), 0, 100);
    }
}
