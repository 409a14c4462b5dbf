<?php
/**
 * The WordPress functions that the plugin uses, just enough of each to run it: `php stub.php` takes {"may", "option", "input", "uninstall"}
 * as JSON on standard input and writes what the plugin did, as JSON.
 */

const ABSPATH = __DIR__;

$case  = json_decode( stream_get_contents( STDIN ), true );
$hooks = array();
$said  = array( 'scripts' => array(), 'errors' => array(), 'page' => '', 'capability' => '', 'deleted' => array(), 'sanitized' => null );

function add_action( $hook, $call ) { $GLOBALS['hooks'][ $hook ][] = $call; }
function get_option( $name, $default ) { return $GLOBALS['case']['option'] ?? $default; }
function delete_option( $name ) { $GLOBALS['said']['deleted'][] = $name; }
function is_multisite() { return false; }
function wp_parse_args( $given, $default ) { return array_merge( $default, $given ); }
function untrailingslashit( $text ) { return rtrim( $text, '/' ); }
function esc_url_raw( $url, $protocols ) { return in_array( strtolower( (string) parse_url( $url, PHP_URL_SCHEME ) ), $protocols, true ) ? $url : ''; }
function esc_attr( $text ) { return htmlspecialchars( $text, ENT_QUOTES ); }
function esc_html_e( $text, $domain ) { echo htmlspecialchars( $text, ENT_QUOTES ); }
function __( $text, $domain ) { return $text; }
function current_user_can( $what ) { return $GLOBALS['case']['may'] ?? false; }
function settings_fields( $group ) { echo '<input type="hidden" name="option_page" value="' . esc_attr( $group ) . '">'; }
function submit_button() { echo '<button type="submit">Save</button>'; }
function add_settings_error( $setting, $code, $message ) { $GLOBALS['said']['errors'][] = $code; }
function register_setting( $group, $name, $args ) { $GLOBALS['sanitize'] = $args['sanitize_callback']; }
function add_options_page( $title, $menu, $capability, $slug, $call ) {
	$GLOBALS['said']['capability'] = $capability;
	$GLOBALS['draw']               = $call;
}
function wp_enqueue_script( $handle, $src, $needs, $version, $args ) {
	$strategy                      = $args['strategy'];
	$GLOBALS['said']['scripts'][] = "<script src=\"" . esc_attr( $src ) . "\" id=\"$handle-js\" $strategy></script>";
}

if ( $case['uninstall'] ?? false ) {
	define( 'WP_UNINSTALL_PLUGIN', 'bulle/bulle.php' );
	require __DIR__ . '/bulle/uninstall.php';
} else {
	require __DIR__ . '/bulle/bulle.php';
	foreach ( array( 'admin_init', 'admin_menu', 'wp_enqueue_scripts' ) as $hook ) {
		array_map( 'call_user_func', $hooks[ $hook ] );
	}
	ob_start();
	$draw();
	$said['page'] = ob_get_clean();
	if ( isset( $case['input'] ) ) {
		$said['sanitized'] = $sanitize( $case['input'] );
	}
}
echo json_encode( $said );
