<?php
/**
 * Plugin Name: Bulle live chat
 * Description: Puts the bubble of your own Bulle relay on every page of the site.
 * Version: 1.0.0
 * Requires at least: 6.3
 * Requires PHP: 7.4
 * License: MIT OR Apache-2.0
 * Text Domain: bulle
 */

defined( 'ABSPATH' ) || exit;

const BULLE_OPTION = 'bulle';

/** The saved settings, with nothing missing. */
function bulle_settings() {
	$saved = get_option( BULLE_OPTION, array() );
	return wp_parse_args( is_array( $saved ) ? $saved : array(), array( 'relay' => '', 'site' => '' ) );
}

/** Keeps only what can be an address and a key; the rest is told and left out. */
function bulle_sanitize( $input ) {
	$relay = isset( $input['relay'] ) ? untrailingslashit( esc_url_raw( trim( $input['relay'] ), array( 'https', 'http' ) ) ) : '';
	$site  = isset( $input['site'] ) ? trim( $input['site'] ) : '';
	if ( '' !== $site && ! preg_match( '/\A[A-Za-z0-9_-]{1,64}\z/', $site ) ) {
		add_settings_error( BULLE_OPTION, 'site', __( 'The site key consists of letters, digits, - and _. Copy it from the install page of your console.', 'bulle' ) );
		$site = '';
	}
	return array( 'relay' => $relay, 'site' => $site );
}

add_action(
	'admin_init',
	function () {
		register_setting( BULLE_OPTION, BULLE_OPTION, array( 'type' => 'array', 'sanitize_callback' => 'bulle_sanitize', 'default' => array() ) );
	}
);

add_action(
	'admin_menu',
	function () {
		add_options_page( __( 'Bulle live chat', 'bulle' ), __( 'Bulle', 'bulle' ), 'manage_options', 'bulle', 'bulle_page' );
	}
);

/** The settings page. WordPress asks for the capability too; a page that is reached otherwise shows nothing. */
function bulle_page() {
	if ( ! current_user_can( 'manage_options' ) ) {
		return;
	}
	$settings = bulle_settings();
	?>
	<div class="wrap">
		<h1><?php esc_html_e( 'Bulle live chat', 'bulle' ); ?></h1>
		<form action="options.php" method="post">
			<?php settings_fields( BULLE_OPTION ); ?>
			<table class="form-table" role="presentation">
				<tr>
					<th scope="row"><label for="bulle-relay"><?php esc_html_e( 'Relay', 'bulle' ); ?></label></th>
					<td>
						<input id="bulle-relay" name="bulle[relay]" type="url" class="regular-text code" placeholder="https://chat.example.com" value="<?php echo esc_attr( $settings['relay'] ); ?>">
						<p class="description"><?php esc_html_e( 'The address at which your relay is reached.', 'bulle' ); ?></p>
					</td>
				</tr>
				<tr>
					<th scope="row"><label for="bulle-site"><?php esc_html_e( 'Site key', 'bulle' ); ?></label></th>
					<td>
						<input id="bulle-site" name="bulle[site]" type="text" class="regular-text code" pattern="[A-Za-z0-9_\-]{1,64}" value="<?php echo esc_attr( $settings['site'] ); ?>">
						<p class="description"><?php esc_html_e( 'It stands in the script tag on the install page of your console.', 'bulle' ); ?></p>
					</td>
				</tr>
			</table>
			<?php submit_button(); ?>
		</form>
	</div>
	<?php
}

add_action(
	'wp_enqueue_scripts',
	function () {
		$settings = bulle_settings();
		if ( '' === $settings['relay'] || '' === $settings['site'] ) {
			return;
		}
		$address = $settings['relay'] . '/bulle.js?site=' . rawurlencode( $settings['site'] );
		// Without a version: the relay's own caching rules are the right ones.
		wp_enqueue_script( 'bulle', $address, array(), null, array( 'strategy' => 'async', 'in_footer' => false ) );
	}
);
